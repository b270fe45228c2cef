/* peer_tags.c - see peer_tags.h. Hosts and ports are told apart as Go's net.SplitHostPort does; an IPv4 address may have '.', '-' or '_' between its
 * numbers and text behind it. */
#include "datadog/peer_tags.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/hex.h"
#include "config/option.h"

static const char *const built_in[] = {
    "_dd.base_service",
    "active_record.db.vendor",
    "amqp.destination",
    "amqp.exchange",
    "amqp.queue",
    "aws.queue.name",
    "aws.s3.bucket",
    "bucketname",
    "cassandra.keyspace",
    "db.cassandra.contact.points",
    "db.couchbase.seed.nodes",
    "db.hostname",
    "db.instance",
    "db.name",
    "db.namespace",
    "db.system",
    "db.type",
    "dns.hostname",
    "grpc.host",
    "hostname",
    "http.host",
    "http.server_name",
    "messaging.destination",
    "messaging.destination.name",
    "messaging.kafka.bootstrap.servers",
    "messaging.rabbitmq.exchange",
    "messaging.system",
    "mongodb.db",
    "msmq.queue.path",
    "net.peer.name",
    "network.destination.ip",
    "network.destination.name",
    "out.host",
    "peer.hostname",
    "peer.service",
    "queuename",
    "rpc.service",
    "rpc.system",
    "sequel.db.vendor",
    "server.address",
    "streamname",
    "tablename",
    "topicname",
};

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

struct sm_stats_texts sm_peer_tag_keys(const struct sm_string_list *more, struct sm_arena *arena)
{
    enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };
    size_t count = BUILT_IN + (more ? more->count : 0), kept = 0;
    struct sm_slice *keys = sm_arena_zalloc(arena, count, sizeof(*keys));
    for (size_t i = 0; i < count; i++)
        keys[i] = i < BUILT_IN ? sm_slice_of(built_in[i]) : sm_arena_copy(arena, sm_slice_of(more->items[i - BUILT_IN]));
    qsort(keys, count, sizeof(*keys), compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !sm_slice_equal(keys[kept - 1], keys[i]))
            keys[kept++] = keys[i];
    return (struct sm_stats_texts){.items = keys, .count = kept};
}

enum sm_peer_tags_wanted sm_peer_tags_wanted(struct sm_slice span_kind, bool has_base_service)
{
    bool is_inside = span_kind.size == 0 || sm_slice_equal_nocase(span_kind, SM_SLICE("internal"));
    if (is_inside && has_base_service)
        return SM_PEER_TAGS_BASE_SERVICE;
    bool has_peer = sm_slice_equal_nocase(span_kind, SM_SLICE("client")) || sm_slice_equal_nocase(span_kind, SM_SLICE("producer")) ||
                    sm_slice_equal_nocase(span_kind, SM_SLICE("consumer"));
    return has_peer ? SM_PEER_TAGS_ALL : SM_PEER_TAGS_NONE;
}

/* ---- addresses */

static struct sm_slice head(struct sm_slice text, size_t size)
{
    return sm_slice_make(text.ptr, size);
}

static struct sm_slice tail(struct sm_slice text, size_t from)
{
    return sm_slice_make(text.ptr + from, text.size - from);
}

static bool has(struct sm_slice text, char c)
{
    return text.size > 0 && memchr(text.ptr, c, text.size) != NULL;
}

/* How many bytes "scheme://" (or with three slashes) takes at the start of `text`; 0: none stands there. */
static size_t scheme_size(struct sm_slice text)
{
    static const char *const schemes[] = {"dnspoll://", "ftp://", "file://", "http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = strlen(schemes[i]);
        if (sm_slice_starts_with(text, sm_slice_of(schemes[i])))
            return size + (text.size > size && text.ptr[size] == '/');
    }
    return 0;
}

/* The prefix that is no part of an address. As in the reference, the first scheme anywhere in the text tells how much of its start is cut off. */
static struct sm_slice find_prefix(struct sm_slice text)
{
    if (sm_slice_starts_with(text, SM_SLICE("ip-")))
        return head(text, 3);
    for (size_t i = 0; has(text, '/') && i < text.size; i++)
        if (scheme_size(tail(text, i)) > 0)
            return head(tail(text, i), scheme_size(tail(text, i)));
    return head(text, 0);
}

static bool split_port(struct sm_slice text, struct sm_slice *host, struct sm_slice *port)
{
    const char *colon = text.size > 0 ? memrchr(text.ptr, ':', text.size) : NULL;
    if (!colon)
        return false;
    size_t at = (size_t)(colon - text.ptr), brackets_from = 0, end = 0;
    struct sm_slice found = head(text, at);
    if (text.ptr[0] == '[') {
        const char *bracket = memchr(text.ptr, ']', text.size);
        if (!bracket || bracket + 1 != colon)
            return false;
        found = sm_slice_make(text.ptr + 1, (size_t)(bracket - text.ptr) - 1);
        brackets_from = 1;
        end = at;
    } else if (has(found, ':')) {
        return false;
    }
    if (has(tail(text, brackets_from), '[') || has(tail(text, end), ']'))
        return false;
    *host = found;
    *port = tail(text, at + 1);
    return true;
}

/* How many bytes an IPv4 address with that separator takes at the start of `text`; 0: there is none. */
static size_t ipv4_size(struct sm_slice text, char separator)
{
    enum { FIELD_MAX = 255, SEPARATORS = 3 };
    unsigned field = 0, digits = 0, separators = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (sm_ascii_is_digit(c)) {
            if (digits == 1 && field == 0)
                return 0;
            field = field * 10 + (unsigned)(c - '0');
            digits++;
            if (field > FIELD_MAX)
                return 0;
        } else if (c == separator) {
            if (i == 0 || i + 1 == text.size || text.ptr[i - 1] == separator)
                return 0;
            if (separators == SEPARATORS)
                return i;
            separators++;
            field = digits = 0;
        } else {
            return separators == SEPARATORS && digits > 0 ? i : 0;
        }
    }
    return separators < SEPARATORS ? 0 : text.size;
}

/* With a zone ("%eth0") or without. */
static bool is_ipv6(struct sm_slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = memchr(text.ptr, '%', text.size);
    size_t size = zone ? (size_t)(zone - text.ptr) : text.size;
    if (size >= sizeof(copy) || memchr(text.ptr, '\0', size) || (zone && size + 1 == text.size))
        return false;
    memcpy(copy, text.ptr, size);
    copy[size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* How many bytes an address takes at the start of `text`; 0: there is none. */
static size_t address_size(struct sm_slice text)
{
    if (text.size == 0 || (sm_hex_value(text.ptr[0]) < 0 && text.ptr[0] != ':'))
        return 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '.' || c == '_' || c == '-')
            return ipv4_size(text, c);
        if (c == ':')
            return is_ipv6(text) ? text.size : 0;
        if (c == '%')
            return 0;
    }
    return 0;
}

/* Addresses that say nothing about anybody: this host, metadata services. */
static bool is_allowed(struct sm_slice address)
{
    static const char *const allowed[] = {"127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "169.254.170.2"};
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (sm_slice_is(address, allowed[i]))
            return true;
    return false;
}

static struct sm_slice quantize_host(struct sm_slice text, struct sm_arena *arena)
{
    struct sm_slice prefix = find_prefix(text), rest = tail(text, prefix.size), host = rest, port = {0};
    split_port(rest, &host, &port);
    size_t size = address_size(host);
    if (size == 0 || is_allowed(head(host, size)))
        return text;
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_bytes_append_slice(&out, prefix);
    sm_bytes_append_text(&out, "blocked-ip-address");
    if (port.size > 0) {
        sm_bytes_append_char(&out, ':');
        sm_bytes_append_slice(&out, port);
    }
    sm_bytes_append_slice(&out, tail(host, size));
    return sm_bytes_slice(&out);
}

/* ---- lists of hosts */

static bool is_listed(struct sm_slice list, struct sm_slice host)
{
    for (size_t left = 1; left > 0;) {
        left = has(list, ',');
        if (sm_slice_equal(sm_slice_cut(&list, ','), host))
            return true;
    }
    return false;
}

struct sm_slice sm_peer_tag_value(struct sm_slice value, struct sm_arena *arena)
{
    if (!has(value, ','))
        return value.size > 0 ? quantize_host(value, arena) : value;
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_bytes_reserve(&out, value.size);
    bool is_first = true;
    for (bool is_more = true; is_more; is_first = false) {
        is_more = has(value, ',');
        struct sm_slice host = sm_slice_cut(&value, ',');
        host = host.size > 0 ? quantize_host(host, arena) : host;
        if (!is_first && is_listed(sm_bytes_slice(&out), host))
            continue;
        if (!is_first)
            sm_bytes_append_char(&out, ',');
        sm_bytes_append_slice(&out, host);
    }
    return sm_bytes_slice(&out);
}

struct sm_slice sm_peer_tag(struct sm_slice key, struct sm_slice value, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_bytes_append_slice(&out, key);
    sm_bytes_append_char(&out, ':');
    sm_bytes_append_slice(&out, sm_peer_tag_value(value, arena));
    return sm_bytes_slice(&out);
}
