/* media_type.c - see media_type.h. Source: Go mime/mediatype.go (which headers are refused, and the texts); RFC 2045, RFC 9110. */
#include "net/media_type.h"

#include "base/ascii.h"

static bool is_token_char(char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return sm_ascii_is_alnum(c) || (c && strchr(others, c));
}

static bool is_special(char c)
{
    return c && strchr("()<>@,;:\\\"/[]?=", c);
}

static void skip(struct sm_slice *text, size_t size)
{
    *text = sm_slice_make(text->ptr + size, text->size - size);
}

static void skip_space(struct sm_slice *text)
{
    while (text->size && (*text->ptr == ' ' || (*text->ptr >= '\t' && *text->ptr <= '\r')))
        skip(text, 1);
}

static bool skip_char(struct sm_slice *text, char c)
{
    skip_space(text);
    if (!text->size || *text->ptr != c)
        return false;
    skip(text, 1);
    return true;
}

static struct sm_slice take_token(struct sm_slice *text)
{
    size_t size = 0;
    while (size < text->size && is_token_char(text->ptr[size]))
        size++;
    struct sm_slice token = sm_slice_make(text->ptr, size);
    skip(text, size);
    return token;
}

/* A quoted string, whose end must be there. */
static bool skip_quoted(struct sm_slice *text)
{
    for (size_t i = 1; i < text->size; i++) {
        char c = text->ptr[i];
        if (c == '"') {
            skip(text, i + 1);
            return true;
        }
        if (c == '\r' || c == '\n')
            return false;
        if (c == '\\' && i + 1 < text->size && is_special(text->ptr[i + 1]))
            i++;
    }
    return false;
}

/* "; name=value" */
static bool take_parameter(struct sm_slice *rest, struct sm_slice *name, struct sm_slice *value)
{
    if (!skip_char(rest, ';'))
        return false;
    skip_space(rest);
    *name = take_token(rest);
    if (!name->size || !skip_char(rest, '='))
        return false;
    skip_space(rest);
    const char *start = rest->ptr;
    bool is_sound = rest->size && *rest->ptr == '"' ? skip_quoted(rest) : take_token(rest).size > 0;
    *value = sm_slice_make(start, (size_t)(rest->ptr - start));
    return is_sound;
}

/* Given before with another value? Values are compared as they are written. */
static bool is_repeated(struct sm_slice parameters, struct sm_slice name, struct sm_slice value, const char *end)
{
    struct sm_slice other_name, other_value;
    while (take_parameter(&parameters, &other_name, &other_value) && parameters.ptr < end)
        if (sm_slice_equal_nocase(other_name, name) && !sm_slice_equal(other_value, value))
            return true;
    return false;
}

static const char *parameters_error(struct sm_slice parameters)
{
    enum { PARAMETERS_MAX = 32 }; /* compared with each other */
    struct sm_slice rest = parameters, name, value;
    for (int count = 0; skip_space(&rest), rest.size; count++) {
        struct sm_slice before = rest;
        if (!take_parameter(&rest, &name, &value))
            return sm_slice_is(sm_slice_trim(before), ";") ? NULL : "mime: invalid media parameter";
        if (count == PARAMETERS_MAX || is_repeated(parameters, name, value, rest.ptr))
            return "mime: duplicate parameter name";
    }
    return NULL;
}

static const char *type_error(struct sm_slice type)
{
    if (!take_token(&type).size)
        return "mime: no media type";
    if (!type.size)
        return NULL;
    if (*type.ptr != '/')
        return "mime: expected slash after first token";
    skip(&type, 1);
    if (!take_token(&type).size)
        return "mime: expected token after slash";
    return type.size ? "mime: unexpected content after media subtype" : NULL;
}

const char *sm_media_type_parse(struct sm_slice header, struct sm_slice *type)
{
    const char *semicolon = header.size ? memchr(header.ptr, ';', header.size) : NULL;
    size_t size = semicolon ? (size_t)(semicolon - header.ptr) : header.size;
    *type = sm_slice_trim(sm_slice_make(header.ptr ? header.ptr : "", size));
    const char *error = type_error(*type);
    return error || !semicolon ? error : parameters_error(sm_slice_make(semicolon, header.size - size));
}
