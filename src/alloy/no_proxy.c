/* no_proxy.c - see no_proxy.h. */
#include "alloy/no_proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_url.h"
#include "wire/json_scanner.h"

enum { ADDRESS_BYTES = 16, TEXT_MAX = 256 };

/* An address of either family, IPv4 as in IPv6. */
struct address {
    unsigned char bytes[ADDRESS_BYTES];
    unsigned prefix_bits; /* before the bits of an IPv4 address */
};

static bool read_address(struct sm_slice text, struct address *address)
{
    static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char copy[TEXT_MAX];
    if (text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    memcpy(address->bytes, mapped, sizeof(mapped));
    address->prefix_bits = 8 * sizeof(mapped);
    if (inet_pton(AF_INET, copy, address->bytes + sizeof(mapped)) == 1)
        return true;
    address->prefix_bits = 0;
    return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool has_same_start(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a->bytes, b->bytes, whole) == 0 && (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0);
}

static bool is_in_range(struct sm_slice range, const struct address *address)
{
    struct sm_slice bits_text = range, network_text = sm_slice_cut(&bits_text, '/');
    struct address network;
    uint64_t bits;
    return read_address(network_text, &network) && sm_parse_uint(bits_text, 8 * ADDRESS_BYTES - network.prefix_bits, &bits) &&
           has_same_start(&network, address, (unsigned)bits + network.prefix_bits);
}

static bool is_loopback(struct sm_slice host, const struct address *address)
{
    struct address loopback;
    if (!address)
        return sm_slice_equal_nocase(host, SM_SLICE("localhost"));
    return is_in_range(SM_SLICE("127.0.0.0/8"), address) || (read_address(SM_SLICE("::1"), &loopback) && has_same_start(&loopback, address, 128));
}

static bool ends_with(struct sm_slice text, struct sm_slice end)
{
    return text.size >= end.size && sm_slice_equal_nocase(sm_slice_make(text.ptr + text.size - end.size, end.size), end);
}

/* ".example.com" and "*.example.com": subdomains only; "example.com": itself, too. */
static bool is_domain(struct sm_slice entry, struct sm_slice host)
{
    if (sm_slice_starts_with(entry, SM_SLICE("*.")))
        entry = sm_slice_make(entry.ptr + 1, entry.size - 1);
    if (sm_slice_equal_nocase(entry, host))
        return true;
    return ends_with(host, entry) && (entry.ptr[0] == '.' || (host.size > entry.size && host.ptr[host.size - entry.size - 1] == '.'));
}

/* Takes ":port" off; false: it is another port. Addresses of IPv6 have a port behind brackets only. */
static bool fits_port(struct sm_slice *entry, const char *port)
{
    const char *colon = memrchr(entry->ptr, ':', entry->size), *bracket = memrchr(entry->ptr, ']', entry->size);
    bool has_port = colon && (bracket ? colon > bracket : memchr(entry->ptr, ':', (size_t)(colon - entry->ptr)) == NULL);
    struct sm_slice given = has_port ? sm_slice_make(colon + 1, (size_t)(entry->ptr + entry->size - colon - 1)) : (struct sm_slice){0};
    if (has_port)
        entry->size = (size_t)(colon - entry->ptr);
    if (entry->size > 1 && entry->ptr[0] == '[' && entry->ptr[entry->size - 1] == ']')
        *entry = sm_slice_make(entry->ptr + 1, entry->size - 2);
    return !has_port || sm_slice_is(given, port);
}

static bool fits(struct sm_slice entry, const struct sm_http_url *url, const struct address *address)
{
    struct address other;
    if (entry.size == 0 || sm_slice_is(entry, "*"))
        return entry.size > 0;
    if (memchr(entry.ptr, '/', entry.size))
        return address && is_in_range(entry, address);
    if (!fits_port(&entry, url->port) || entry.size == 0)
        return false;
    if (read_address(entry, &other))
        return address && has_same_start(&other, address, 8 * ADDRESS_BYTES);
    return !address && is_domain(entry, sm_slice_of(url->host));
}

bool sm_alloy_is_reached_without_proxy(const char *text, const char *list)
{
    struct sm_http_url url;
    struct sm_error error;
    struct address address;
    struct sm_slice rest = sm_slice_of(list);
    if (!*list || !sm_http_url_parse(text, &url, &error))
        return false;
    bool is_address = read_address(sm_slice_of(url.host), &address);
    if (is_loopback(sm_slice_of(url.host), is_address ? &address : NULL))
        return true;
    while (rest.size)
        if (fits(sm_slice_trim(sm_slice_cut(&rest, ',')), &url, is_address ? &address : NULL))
            return true;
    return false;
}
