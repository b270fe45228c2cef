/* bearer_token_auth.c - the extension `bearertokenauth`: clients show a token in a header, or the next hop is shown one.
 *
 * State: the tokens, or a file with one a line (what stands behind white space is a comment), read again when it changes. Source: RFC 6750;
 * opentelemetry-collector-contrib extension/bearertokenauthextension (options, texts). */
#include "pipeline/component.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "pipeline/auth.h"

struct options {
    const char *header, *scheme, *token, *filename;
    struct sm_string_list tokens;
};

static const struct sm_option option_table[] = {
    SM_OPTION_STRING(struct options, header, .preset.string = "Authorization", .help = "Header that has the token."),
    SM_OPTION_STRING(struct options, scheme, .preset.string = "Bearer", .help = "Word before the token; \"\": none."),
    SM_OPTION_SECRET(struct options, token, .help = "The token."),
    SM_OPTION_STRING_LIST(struct options, tokens, .secret = true, .help = "Tokens that servers take; clients send the first."),
    SM_OPTION_STRING(struct options, filename, .help = "File with a token a line, read again when it changes; wins over token."),
    SM_OPTION_END,
};

static void validate(const void *option_struct, struct sm_validation *validation)
{
    const struct options *options = option_struct;
    if (!*options->token && options->tokens.count == 0 && !*options->filename)
        sm_validation_error(validation, "", "no bearer token provided");
    if (*options->token && options->tokens.count > 0)
        sm_validation_error(validation, "", "either tokens or token should be provided, not both");
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    if (!*options->filename || options->tokens.count > 0)
        return true;
    if (*options->token)
        sm_log(SM_LOG_WARN, &component->logger, "The token is not used: filename says where tokens are");
    component->state = sm_secret_file_open(options->filename, &component->logger, error);
    return component->state || sm_error_blame(error, &options->filename);
}

static void destroy(struct sm_component *component)
{
    sm_secret_file_close(component->state);
}

/* ---- tokens: from the list, the file's lines, or the one option */

/* The next token of a file's text: the first word of the next line that has one. */
static bool next_word(struct sm_slice *text, struct sm_slice *word)
{
    while (text->size > 0) {
        struct sm_slice line = sm_slice_trim(sm_slice_cut(text, '\n'));
        size_t size = 0;
        while (size < line.size && !isspace((unsigned char)line.ptr[size]))
            size++;
        *word = sm_slice_make(line.ptr, size);
        if (size > 0)
            return true;
    }
    return false;
}

/* How long it takes tells nothing about the tokens but their size. */
static bool is_equal(const struct options *options, struct sm_slice token, struct sm_slice given)
{
    size_t scheme_size = strlen(options->scheme), prefix_size = scheme_size + (scheme_size > 0);
    if (given.size != prefix_size + token.size)
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < given.size; i++) {
        char expected = i < scheme_size ? options->scheme[i] : i < prefix_size ? ' ' : token.ptr[i - prefix_size];
        difference |= (unsigned char)(expected ^ given.ptr[i]);
    }
    return difference == 0;
}

static bool is_known(const struct sm_component *extension, struct sm_slice given)
{
    const struct options *options = extension->options;
    bool is_found = false;
    for (size_t i = 0; i < options->tokens.count; i++)
        is_found |= is_equal(options, sm_slice_of(options->tokens.items[i]), given);
    if (options->tokens.count > 0)
        return is_found;
    if (!extension->state)
        return is_equal(options, sm_slice_of(options->token), given);
    struct sm_bytes text = {0};
    sm_secret_file_read(extension->state, &text);
    struct sm_slice rest = sm_bytes_slice(&text), word;
    while (next_word(&rest, &word))
        is_found |= is_equal(options, word, given);
    sm_bytes_deinit(&text);
    return is_found;
}

/* ---- as an authenticator */

static unsigned sides(const struct sm_component *extension)
{
    (void)extension;
    return SM_AUTH_SERVER | SM_AUTH_CLIENT;
}

static bool authenticate(struct sm_component *extension, const struct sm_auth_request *request, struct sm_metadata **identity, struct sm_error *error)
{
    (void)identity;
    const struct options *options = extension->options;
    struct sm_slice given = request->find(request->context, sm_slice_of(options->header));
    if (!given.ptr)
        return sm_error_set(error, SM_ERROR_USAGE, "missing or empty authorization header: %s", options->header);
    return is_known(extension, given) || sm_error_set(error, SM_ERROR_USAGE, "provided authorization does not match expected scheme or token");
}

static bool sign(struct sm_component *extension, const struct sm_metadata *context, struct sm_auth_headers *headers, struct sm_error *error)
{
    (void)context;
    const struct options *options = extension->options;
    struct sm_bytes text;
    sm_bytes_init(&text, headers->arena);
    struct sm_slice token = sm_slice_of(options->tokens.count > 0 ? options->tokens.items[0] : options->token);
    if (extension->state) {
        sm_secret_file_read(extension->state, &text);
        struct sm_slice rest = sm_bytes_slice(&text);
        if (!next_word(&rest, &token))
            token = SM_SLICE("");
    }
    struct sm_slice value =
        sm_slice_of(sm_arena_printf(headers->arena, *options->scheme ? "%s %.*s" : "%s%.*s", options->scheme, SM_SLICE_ARGS(token)));
    return sm_auth_headers_set(headers, sm_slice_of(options->header), value) || sm_error_set(error, SM_ERROR_USAGE, "too many headers");
}

static bool needs_tls(struct sm_component *extension)
{
    (void)extension;
    return true;
}

static const struct sm_auth_type authenticator = {
    .interface = SM_AUTH_INTERFACE,
    .sides = sides,
    .authenticate = authenticate,
    .sign = sign,
    .needs_tls = needs_tls,
};

const struct sm_component_type sm_extension_bearer_token_auth = {
    .kind = SM_EXTENSION,
    .name = "bearertokenauth",
    .help = "Authenticates clients by a token in a header, or sends one to the next hop.",
    .stability = {SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = create,
    .free = destroy,
    .interface = &authenticator,
};
