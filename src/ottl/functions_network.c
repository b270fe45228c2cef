/* functions_network.c - converters of addresses: IsInCIDR, CommunityID, URL, UserAgent.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs, internal/coreinternal/parseutils/uri.go; Community ID flow hash 1. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/hex.h"
#include "ottl/compile.h"
#include "ottl/url.h"
#include "ottl/user_agents.h"
#include "wire/base64.h"

/* ---- IsInCIDR */

/* IPv4 addresses are kept in their IPv6 form, as in Go. */
static bool parse_address(struct sm_slice text, unsigned char address[static 16], bool *is_v4)
{
    char copy[INET6_ADDRSTRLEN];
    static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.ptr, '\0', text.size))
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET, copy, address + 12) == 1) {
        memcpy(address, prefix, sizeof(prefix));
        *is_v4 = true;
        return true;
    }
    *is_v4 = false;
    if (inet_pton(AF_INET6, copy, address) != 1)
        return false;
    *is_v4 = memcmp(address, prefix, sizeof(prefix)) == 0;
    return true;
}

struct network {
    unsigned char address[16];
    unsigned bits; /* of the 128 */
    bool is_v4;
};

static bool parse_network(struct sm_slice text, struct network *network)
{
    struct sm_slice rest = text, address = sm_slice_cut(&rest, '/');
    unsigned bits = 0;
    bool is_mapped = memchr(address.ptr ? address.ptr : "", ':', address.size) != NULL;
    if (rest.size == 0 || rest.size > 3 || !parse_address(address, network->address, &network->is_v4))
        return false;
    for (size_t i = 0; i < rest.size; i++) {
        if (!isdigit((unsigned char)rest.ptr[i]))
            return false;
        bits = bits * 10 + (unsigned)(rest.ptr[i] - '0');
    }
    network->is_v4 = !is_mapped;
    network->bits = is_mapped ? bits : bits + 96;
    return bits <= (is_mapped ? 128u : 32u);
}

static bool contains(const struct network *network, const unsigned char address[static 16], bool is_v4)
{
    if (network->is_v4 != is_v4)
        return false;
    for (unsigned i = 0; i < network->bits; i++)
        if (((network->address[i / 8] ^ address[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    return true;
}

static bool call_is_in_cidr(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    unsigned char address[16];
    bool is_v4;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_bool(false);
    if (!parse_address(text, address, &is_v4))
        return true;
    const struct network *prepared = call->state;
    for (size_t i = 0; i < call->args[1].count && !out->boolean; i++) {
        struct network network;
        struct sm_slice network_text;
        if (!prepared && !sm_ottl_arg_string(&call->args[1].items[i], run, &network_text))
            return false;
        if (!prepared && !parse_network(network_text, &network))
            return sm_ottl_fail(run, "invalid CIDR address: %.*s", SM_SLICE_ARGS(network_text));
        *out = sm_ottl_bool(contains(prepared ? &prepared[i] : &network, address, is_v4));
    }
    return true;
}

static bool prepare_is_in_cidr(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct network *networks = sm_arena_zalloc(compiler->arena, call->args[1].count + 1, sizeof(*networks));
    for (size_t i = 0; i < call->args[1].count; i++) {
        struct sm_slice text;
        if (!sm_ottl_arg_literal_text(&call->args[1].items[i], &text))
            return true;
        if (!parse_network(text, &networks[i]))
            return sm_ottl_compile_error(compiler, call->node, "invalid CIDR address: %.*s", SM_SLICE_ARGS(text));
    }
    call->state = networks;
    return true;
}

/* ---- CommunityID */

struct endpoint {
    unsigned char address[16];
    size_t size; /* of the address: its last 4 bytes, or all 16 */
    int64_t port;
};

static bool get_endpoint(const struct sm_ottl_call *call, struct sm_ottl_run *run, size_t argument, const char *name, struct endpoint *endpoint)
{
    struct sm_slice text;
    bool is_v4;
    if (!sm_ottl_arg_string(&call->args[argument], run, &text) || !sm_ottl_arg_int(&call->args[argument + 1], run, &endpoint->port))
        return false;
    if (endpoint->port < 0 || endpoint->port > UINT16_MAX)
        return sm_ottl_fail(run, "%s port must be between 0 and 65535", name);
    if (!parse_address(text, endpoint->address, &is_v4))
        return sm_ottl_fail(run, "invalid %s IP: %.*s", name, SM_SLICE_ARGS(text));
    endpoint->size = is_v4 ? 4 : 16;
    return true;
}

static bool get_protocol(const struct sm_ottl_call *call, struct sm_ottl_run *run, char *protocol)
{
    static const struct {
        const char *name;
        char number;
    } protocols[] = {{"ICMP", 1}, {"TCP", 6}, {"UDP", 17}, {"RSVP", 46}, {"ICMP6", 58}, {"SCTP", (char)132}};
    struct sm_slice name = SM_SLICE("TCP");
    if (call->args[4].is_set && !sm_ottl_arg_string(&call->args[4], run, &name))
        return false;
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        if (sm_slice_is(name, protocols[i].name)) {
            *protocol = protocols[i].number;
            return true;
        }
    return sm_ottl_fail(run, "unsupported protocol: %.*s", SM_SLICE_ARGS(name));
}

/* The smaller endpoint first, so that both directions of a flow have one id. */
static bool must_swap(const struct endpoint *a, const struct endpoint *b)
{
    if (a->size != b->size)
        return a->size > b->size;
    int order = memcmp(a->address, b->address, 16);
    return order > 0 || (order == 0 && a->port > b->port);
}

static void append_16(struct sm_bytes *out, int64_t number)
{
    sm_bytes_append_char(out, (char)(number >> 8));
    sm_bytes_append_char(out, (char)number);
}

static bool call_community_id(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct endpoint a, b;
    char protocol, digest[20], text[32] = "1:";
    int64_t seed = 0;
    struct sm_bytes tuple;
    if (!get_endpoint(call, run, 0, "source", &a) || !get_endpoint(call, run, 2, "destination", &b) || !get_protocol(call, run, &protocol) ||
        (call->args[5].is_set && !sm_ottl_arg_int(&call->args[5], run, &seed)))
        return false;
    if (seed < 0 || seed > UINT16_MAX)
        return sm_ottl_fail(run, "seed must be between 0 and 65535");
    const struct endpoint *first = must_swap(&a, &b) ? &b : &a, *second = first == &a ? &b : &a;
    sm_bytes_init(&tuple, run->arena);
    append_16(&tuple, seed);
    sm_bytes_append(&tuple, first->address + 16 - first->size, first->size);
    sm_bytes_append(&tuple, second->address + 16 - second->size, second->size);
    sm_bytes_append_char(&tuple, protocol);
    sm_bytes_append_char(&tuple, 0);
    append_16(&tuple, first->port);
    append_16(&tuple, second->port);
    struct sm_slice hex = sm_digest_hex(SM_DIGEST_SHA1, sm_bytes_slice(&tuple), run->arena);
    if (hex.size < 2 * sizeof(digest) || !sm_hex_read(sm_slice_make(hex.ptr, 2 * sizeof(digest)), digest))
        return sm_ottl_fail(run, "no SHA-1");
    sm_base64_encode(sm_slice_make(digest, sizeof(digest)), text + 2);
    *out = sm_ottl_string(sm_arena_copy(run->arena, sm_slice_make(text, 2 + sm_base64_encoded_size(sizeof(digest)))));
    return true;
}

/* ---- URL */

static void put_text(struct sm_map *map, struct sm_arena *arena, const char *key, struct sm_slice text)
{
    sm_map_set(map, arena, sm_slice_of(key), sm_value_string(text));
}

static bool put_url(struct sm_ottl_run *run, struct sm_map *map, const struct sm_ottl_url *url)
{
    put_text(map, run->arena, "url.original", sm_ottl_url_write(url, run->arena));
    put_text(map, run->arena, "url.domain", url->host);
    put_text(map, run->arena, "url.scheme", url->scheme);
    put_text(map, run->arena, "url.path", url->path);
    if (url->port.size > 18)
        return sm_ottl_fail(run, "the port is out of range");
    if (url->port.size > 0)
        sm_map_set(map, run->arena, SM_SLICE("url.port"), sm_value_int(strtoll(sm_arena_strdup(run->arena, url->port), NULL, 10)));
    if (url->fragment.size > 0)
        put_text(map, run->arena, "url.fragment", url->fragment);
    if (url->has_user)
        put_text(map, run->arena, "url.user_info", sm_ottl_url_user_info(url, run->arena));
    if (url->user.size > 0)
        put_text(map, run->arena, "url.username", url->user);
    if (url->has_password)
        put_text(map, run->arena, "url.password", url->password);
    if (url->query.size > 0)
        put_text(map, run->arena, "url.query", url->query);
    const char *period = memrchr(url->path.ptr ? url->path.ptr : "", '.', url->path.size);
    size_t behind = period ? url->path.size - (size_t)(period + 1 - url->path.ptr) : 0;
    if (behind > 0)
        put_text(map, run->arena, "url.extension", sm_slice_make(period + 1, behind));
    return true;
}

/* "?a=1&a=2": only the parameters, each a list. */
static bool put_query(struct sm_ottl_run *run, struct sm_map *map, struct sm_slice query)
{
    struct sm_map *parameters = sm_arena_zalloc(run->arena, 1, sizeof(*parameters));
    while (query.size > 0) {
        struct sm_slice value = sm_slice_cut(&query, '&'), key;
        if (value.size == 0)
            continue;
        if (memchr(value.ptr, ';', value.size))
            return sm_ottl_fail(run, "invalid semicolon separator in query");
        key = sm_slice_cut(&value, '=');
        if (!sm_ottl_url_unescape(key, run->arena, true, &key) || !sm_ottl_url_unescape(value, run->arena, true, &value))
            return sm_ottl_fail(run, "invalid URL escape");
        struct sm_value *slot = sm_map_find(parameters, key);
        if (!slot)
            slot = sm_map_set(parameters, run->arena, key,
                              (struct sm_value){.type = SM_VALUE_LIST, .list = sm_arena_zalloc(run->arena, 1, sizeof(struct sm_list))});
        struct sm_list *list = slot->list;
        if (list->count == list->capacity)
            list->items = sm_arena_grow(run->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = sm_value_string(value);
    }
    if (parameters->count > 0)
        sm_map_set(map, run->arena, SM_SLICE("query"), (struct sm_value){.type = SM_VALUE_MAP, .map = parameters});
    return true;
}

static bool call_url(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    struct sm_ottl_url url;
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (text.size == 0)
        return sm_ottl_fail(run, "url cannot be empty");
    *out = sm_ottl_map(map);
    out->is_written = true;
    if (text.ptr[0] == '?')
        return put_query(run, map, sm_slice_make(text.ptr + 1, text.size - 1));
    if (!sm_ottl_url_parse(text, run->arena, &url))
        return sm_ottl_fail(run, "parse \"%.*s\": not a valid URL", SM_SLICE_ARGS(text));
    return put_url(run, map, &url);
}

/* ---- UserAgent */

static bool prepare_user_agent(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_error error = {0};
    return sm_user_agents_load(&error) || sm_ottl_compile_error(compiler, call->node, "%s", error.text);
}

static bool call_user_agent(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice header;
    if (!sm_ottl_arg_string(&call->args[0], run, &header))
        return false;
    const struct sm_user_agent agent = sm_user_agents_find(header, run->arena);
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    sm_map_set(map, run->arena, SM_SLICE("user_agent.name"), sm_value_string(agent.name));
    sm_map_set(map, run->arena, SM_SLICE("user_agent.original"), sm_value_string(sm_arena_copy(run->arena, header)));
    sm_map_set(map, run->arena, SM_SLICE("user_agent.version"), sm_value_string(agent.version));
    sm_map_set(map, run->arena, SM_SLICE("os.name"), sm_value_string(agent.os_name));
    if (agent.os_version.size > 0)
        sm_map_set(map, run->arena, SM_SLICE("os.version"), sm_value_string(agent.os_version));
    *out = sm_ottl_map(map);
    out->is_written = true;
    return true;
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_STRING                                                                                              \
    }
#define INTEGER(parameter)                                                                                                                           \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_INT                                                                                                 \
    }

const struct sm_ottl_function sm_ottl_network_functions[] = {
    {.name = "IsInCIDR",
     .help = "Whether the address is in one of the networks.",
     .parameters = {TEXT("Target"), {.name = "Networks", .type = SM_OTTL_ARG_STRING, .is_list = true}},
     .call = call_is_in_cidr,
     .prepare = prepare_is_in_cidr},
    {.name = "CommunityID",
     .help = "The Community ID of a network flow.",
     .parameters = {TEXT("SourceIP"),
                    INTEGER("SourcePort"),
                    TEXT("DestinationIP"),
                    INTEGER("DestinationPort"),
                    {.name = "Protocol", .type = SM_OTTL_ARG_STRING, .is_optional = true},
                    {.name = "Seed", .type = SM_OTTL_ARG_INT, .is_optional = true}},
     .prepare = sm_ottl_prepare_digest,
     .call = call_community_id},
    {.name = "URL",
     .help = "The parts of the URL as a map with the names of the semantic conventions.",
     .parameters = {TEXT("URI")},
     .call = call_url},
    {.name = "UserAgent",
     .help = "Browser and operating system that the User-Agent header names, as a map with the names of the semantic conventions.",
     .parameters = {TEXT("UserAgent")},
     .call = call_user_agent,
     .prepare = prepare_user_agent},
    {0},
};
