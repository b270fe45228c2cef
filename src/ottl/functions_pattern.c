/* functions_pattern.c - converters that match patterns: IsMatch, ExtractPatterns, IsInCIDR, …
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "ottl/compile.h"

static bool call_is_match(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_slice text;
    bool is_nil;
    if (!sm_ottl_regex_get(call, 1, run, &regex))
        return false;
    bool is_fine = sm_ottl_arg_string_like(&call->args[0], run, &text, &is_nil);
    if (is_fine)
        *out = sm_ottl_bool(!is_nil && sm_regex_matches(regex.regex, text));
    sm_ottl_regex_release(&regex);
    return is_fine;
}

static bool prepare_second_regex(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return sm_ottl_prepare_regex(call, compiler, 1);
}

/* ---- ExtractPatterns */

static bool has_names(const struct sm_regex *regex)
{
    for (size_t i = 1; i < sm_regex_group_count(regex); i++)
        if (sm_regex_group_name(regex, i).size > 0)
            return true;
    return false;
}

static struct sm_map *extract_groups(const struct sm_regex *regex, struct sm_slice text, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    struct sm_regex_match match;
    if (!sm_regex_find(regex, text, 0, &match))
        return map;
    for (size_t i = 1; i < match.count; i++) {
        struct sm_slice name = sm_regex_group_name(regex, i);
        if (name.size == 0)
            continue;
        struct sm_slice value = {0};
        if (match.groups[i].start != SM_REGEX_NONE)
            value = sm_slice_make(text.ptr + match.groups[i].start, match.groups[i].end - match.groups[i].start);
        sm_map_set(map, arena, sm_arena_copy(arena, name), sm_value_string(value));
    }
    return map;
}

static bool call_extract_patterns(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_slice text;
    if (!sm_ottl_regex_get(call, 1, run, &regex))
        return false;
    bool is_fine = has_names(regex.regex) || sm_ottl_fail(run, "at least 1 named capture group must be supplied in the given regex");
    is_fine = is_fine && sm_ottl_arg_string(&call->args[0], run, &text);
    if (is_fine)
        *out = sm_ottl_map(extract_groups(regex.regex, text, run->arena));
    sm_ottl_regex_release(&regex);
    return is_fine;
}

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

/* ---- IsValidLuhn */

static bool call_is_valid_luhn(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    bool is_nil, is_doubled = false;
    unsigned sum = 0, digits = 0;
    if (!sm_ottl_arg_string_like(&call->args[0], run, &text, &is_nil))
        return false;
    if (is_nil)
        return sm_ottl_fail(run, "invalid input: <nil>");
    for (size_t i = text.size; i > 0; i--) {
        char c = text.ptr[i - 1];
        if (c == ' ')
            continue;
        if (!isdigit((unsigned char)c))
            return sm_ottl_fail(run, "parsing \"%c\": invalid syntax", c);
        unsigned digit = (unsigned)(c - '0') << is_doubled;
        sum += digit > 9 ? digit - 9 : digit;
        is_doubled = !is_doubled;
        digits++;
    }
    *out = sm_ottl_bool(digits > 0 && sum % 10 == 0);
    return true;
}

const struct sm_ottl_function sm_ottl_pattern_functions[] = {
    {.name = "IsMatch",
     .help = "Whether the text matches the regular expression.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING_LIKE}, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_is_match,
     .prepare = prepare_second_regex},
    {.name = "ExtractPatterns",
     .help = "The named groups of the regular expression as a map.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING}, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_extract_patterns,
     .prepare = prepare_second_regex},
    {.name = "IsInCIDR",
     .help = "Whether the address is in one of the networks.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING}, {.name = "Networks", .type = SM_OTTL_ARG_STRING, .is_list = true}},
     .call = call_is_in_cidr,
     .prepare = prepare_is_in_cidr},
    {.name = "IsValidLuhn",
     .help = "Whether the number has a valid check digit.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING_LIKE}},
     .call = call_is_valid_luhn},
    {0},
};
