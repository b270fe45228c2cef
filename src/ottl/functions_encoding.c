/* functions_encoding.c - converters of encoded texts: Base64Encode, Base64Decode, Decode.
 *
 * Decode knows base64 in four forms and the character sets of IANA that iconv knows; what a set does not have becomes U+FFFD. An iconv descriptor has
 * state, so one is made for each call.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs, internal/coreinternal/textutils/encoding.go. */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <strings.h>

#include "ottl/compile.h"
#include "ottl/runes.h"
#include "wire/base64.h"

static const struct base64_form {
    const char *name;
    bool is_raw, is_url;
} base64_forms[] = {{"base64", false, false}, {"base64-raw", true, false}, {"base64-url", false, true}, {"base64-raw-url", true, true}};

static const struct base64_form *find_form(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(base64_forms) / sizeof(base64_forms[0]); i++)
        if (sm_slice_is(name, base64_forms[i].name))
            return &base64_forms[i];
    return NULL;
}

static void translate(char *text, size_t size, const char *from, const char *to)
{
    for (size_t i = 0; i < size; i++) {
        const char *found = text[i] ? strchr(from, text[i]) : NULL;
        text[i] = found ? to[found - from] : text[i];
    }
}

static struct sm_slice encode(const struct base64_form *form, struct sm_slice bytes, struct sm_arena *arena)
{
    size_t size = sm_base64_encoded_size(bytes.size);
    char *text = sm_arena_alloc(arena, size + 1);
    sm_base64_encode(bytes, text);
    if (form->is_url)
        translate(text, size, "+/", "-_");
    while (form->is_raw && size > 0 && text[size - 1] == '=')
        size--;
    return sm_slice_make(text, size);
}

/* What the form writes differently is made standard first; its own signs in another form are refused. */
static bool decode(const struct base64_form *form, struct sm_slice text, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    char *copy = sm_arena_alloc(run->arena, text.size + 4);
    size_t size = 0, decoded;
    bool is_fine = true;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '\r' || c == '\n')
            continue;
        is_fine = is_fine && !(form->is_raw && c == '=') && c != '\0' && !strchr(form->is_url ? "+/" : "-_", c);
        copy[size++] = c;
    }
    if (form->is_url)
        translate(copy, size, "-_", "+/");
    while (form->is_raw && size % 4 != 0)
        copy[size++] = '=';
    char *bytes = sm_arena_alloc(run->arena, sm_base64_decoded_size_max(size) + 4);
    if (!is_fine || !sm_base64_decode(sm_slice_make(copy, size), bytes, &decoded))
        return sm_ottl_fail(run, "could not decode: illegal base64 data");
    *out = sm_ottl_string(sm_slice_make(bytes, decoded));
    return true;
}

static bool call_base64_encode(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, name = SM_SLICE("base64");
    if (!sm_ottl_arg_string(&call->args[0], run, &text) || (call->args[1].is_set && !sm_ottl_arg_string(&call->args[1], run, &name)))
        return false;
    const struct base64_form *form = find_form(name);
    if (!form)
        return sm_ottl_fail(run, "unsupported base64 variant: %.*s", SM_SLICE_ARGS(name));
    *out = sm_ottl_string(encode(form, text, run->arena));
    return true;
}

static bool call_base64_decode(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    return sm_ottl_arg_string(&call->args[0], run, &text) && decode(&base64_forms[0], text, run, out);
}

/* ---- character sets */

enum { SET_NAME_MAX = 48 };

/* Names that mean something else than in IANA's list. */
static const struct {
    const char *name, *meant; /* "": bytes as they are */
} set_names[] = {{"utf-16", "UTF-16LE"}, {"utf16", "UTF-16LE"}, {"utf8", "UTF-8"}, {"ascii", "UTF-8"}, {"us-ascii", "UTF-8"},
                 {"", "UTF-8"},          {"nop", ""},           {"utf-8-raw", ""}, {"utf8-raw", ""}};

static bool find_set(struct sm_slice name, char set[static SET_NAME_MAX])
{
    if (name.size >= SET_NAME_MAX || (name.size > 0 && (memchr(name.ptr, '/', name.size) || memchr(name.ptr, '\0', name.size))))
        return false;
    memcpy(set, name.ptr ? name.ptr : "", name.size);
    set[name.size] = '\0';
    for (size_t i = 0; i < sizeof(set_names) / sizeof(set_names[0]); i++)
        if (strcasecmp(set, set_names[i].name) == 0) {
            snprintf(set, SET_NAME_MAX, "%s", set_names[i].meant);
            break;
        }
    iconv_t converter = *set ? iconv_open("UTF-8", set) : (iconv_t)-1;
    if (*set && converter == (iconv_t)-1)
        return false;
    if (*set)
        iconv_close(converter);
    return true;
}

static void convert(iconv_t converter, struct sm_slice bytes, struct sm_bytes *out)
{
    char *in = (char *)(uintptr_t)bytes.ptr; /* iconv does not write there */
    size_t left = bytes.size;
    while (left > 0) {
        char *start = sm_bytes_reserve(out, left * 4 + 16), *at = start;
        size_t room = left * 4 + 16;
        size_t result = iconv(converter, &in, &left, &at, &room);
        out->size += (size_t)(at - start);
        if (result != (size_t)-1 || left == 0)
            continue;
        if (errno == E2BIG)
            continue;
        sm_ottl_rune_append(out, SM_OTTL_RUNE_WRONG);
        if (errno == EINVAL) /* cut off at the end */
            break;
        in++;
        left--;
    }
}

static bool decode_set(struct sm_slice name, struct sm_slice bytes, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    char set[SET_NAME_MAX];
    struct sm_bytes text;
    if (!find_set(name, set))
        return sm_ottl_fail(run, "unsupported encoding '%.*s'", SM_SLICE_ARGS(name));
    if (!*set) {
        *out = sm_ottl_string(bytes);
        return true;
    }
    iconv_t converter = iconv_open("UTF-8", set);
    if (converter == (iconv_t)-1)
        return sm_ottl_fail(run, "unsupported encoding '%.*s'", SM_SLICE_ARGS(name));
    sm_bytes_init(&text, run->arena);
    convert(converter, bytes, &text);
    iconv_close(converter);
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

static bool call_decode(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    struct sm_slice name;
    if (!sm_ottl_arg_any(&call->args[0], run, &value) || !sm_ottl_arg_string(&call->args[1], run, &name))
        return false;
    if (value.kind != SM_OTTL_STRING && value.kind != SM_OTTL_BYTES)
        return sm_ottl_fail(run, "unsupported type provided to Decode function: %s", sm_ottl_kind_name(&value));
    const struct base64_form *form = find_form(name);
    return form ? decode(form, value.text, run, out) : decode_set(name, value.text, run, out);
}

static bool prepare_decode(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice name;
    char set[SET_NAME_MAX];
    return !sm_ottl_arg_literal_text(&call->args[1], &name) || find_form(name) || find_set(name, set) ||
           sm_ottl_compile_error(compiler, call->node, "unsupported encoding '%.*s'", SM_SLICE_ARGS(name));
}

#define TEXT                                                                                                                                         \
    {                                                                                                                                                \
        .name = "Target", .type = SM_OTTL_ARG_STRING                                                                                                 \
    }

const struct sm_ottl_function sm_ottl_encoding_functions[] = {
    {.name = "Base64Encode",
     .help = "The text in base64, base64-raw, base64-url or base64-raw-url.",
     .parameters = {TEXT, {.name = "Variant", .type = SM_OTTL_ARG_STRING, .is_optional = true}},
     .call = call_base64_encode},
    {.name = "Base64Decode", .help = "The bytes of a base64 text.", .parameters = {TEXT}, .call = call_base64_decode},
    {.name = "Decode",
     .help = "The bytes as text of a character set, or decoded from base64.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_ANY}, {.name = "Encoding", .type = SM_OTTL_ARG_STRING}},
     .call = call_decode,
     .prepare = prepare_decode},
    {0},
};
