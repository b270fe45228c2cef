/* headers_setter.c - the extension `headers_setter`: headers of requests to the next hop from fixed values, files, the client's headers or who it is.
 *
 * State: the files, and the authenticators that go first (additional_auth), which are looked up when a client opens this one. Source:
 * opentelemetry-collector-contrib extension/headerssetterextension (options, texts). */
#include "pipeline/component.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "pipeline/auth.h"
#include "telemetry/metadata.h"

enum action { UPSERT, INSERT, UPDATE, DELETE };

static const struct sm_option_word action_words[] = {
    {"upsert", UPSERT}, {"insert", INSERT}, {"update", UPDATE}, {"delete", DELETE}, {"", UPSERT}, {0},
};

struct header_options {
    int action; /* enum action */
    const char *key, *value, *value_file, *from_context, *from_attribute, *default_value;
    bool is_action_set, has_value, has_value_file, has_from_context, has_from_attribute;
};

struct options {
    struct sm_table_list headers; /* struct header_options */
    const char *additional_auth;
};

#define SET(name) .set_offset = offsetof(struct header_options, name)
static const struct sm_option header_table[] = {
    SM_OPTION_ENUM(struct header_options, action, action_words, SET(is_action_set), .help = "What is done to the header."),
    SM_OPTION_STRING(struct header_options, key, .help = "The header's name."),
    SM_OPTION_STRING(struct header_options, value, SET(has_value), .help = "A fixed value."),
    SM_OPTION_STRING(struct header_options, value_file, SET(has_value_file), .help = "File with the value, read again when it changes."),
    SM_OPTION_STRING(struct header_options, from_context, SET(has_from_context),
                     .help = "Header of the client's request (the receiver needs include_metadata)."),
    SM_OPTION_STRING(struct header_options, from_attribute, SET(has_from_attribute),
                     .help = "Attribute of the client that its authenticator has found, as \"username\"."),
    SM_OPTION_SECRET(struct header_options, default_value, .help = "Value when the client's request has no such header."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE_LIST(struct options, headers, struct header_options, header_table, .help = "What is done, in this order."),
    SM_OPTION_STRING(struct options, additional_auth, .help = "Id of an authenticator that signs requests too."),
    SM_OPTION_END,
};

static void validate_header(const struct header_options *header, struct sm_validation *validation)
{
    int sources = header->has_value + header->has_value_file + header->has_from_context + header->has_from_attribute;
    if (!*header->key)
        sm_validation_error(validation, "headers", "missing header name");
    else if (header->action != DELETE && sources == 0)
        sm_validation_error(validation, "headers", "missing header source, must be 'from_context', 'from_attribute', 'value', or 'value_file'");
    else if (header->action != DELETE && sources > 1)
        sm_validation_error(validation, "headers",
                            "invalid header source, must be only one of 'from_context', 'from_attribute', 'value', or 'value_file'");
}

static void validate(const void *option_struct, struct sm_validation *validation)
{
    const struct options *options = option_struct;
    const struct header_options *headers = options->headers.items;
    if (options->headers.count == 0)
        sm_validation_error(validation, "", "missing headers configuration");
    for (size_t i = 0; i < options->headers.count; i++)
        validate_header(&headers[i], validation);
}

enum { CHAIN_MAX = 8 };

struct headers_setter {
    struct sm_secret_file **files; /* owned, by header; NULL: no file */
    /* Those that sign, this one first; borrowed: graph. Found by the first client's start on the main worker, before anything is signed; immutable
     * from then on. */
    struct sm_component *chain[CHAIN_MAX];
    size_t chain_count; /* 0: not found */
};

static bool open_files(struct headers_setter *state, const struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    const struct header_options *headers = options->headers.items;
    for (size_t i = 0; i < options->headers.count; i++) {
        if (!headers[i].has_value_file || headers[i].action == DELETE)
            continue;
        state->files[i] = sm_secret_file_open(headers[i].value_file, &component->logger, error);
        if (!state->files[i]) {
            sm_error_wrap(error, "failed to start value resolver");
            return sm_error_blame(error, &headers[i].value_file);
        }
    }
    return true;
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    const struct header_options *headers = options->headers.items;
    struct headers_setter *state = sm_alloc(1, sizeof(*state));
    state->files = sm_alloc(options->headers.count, sizeof(*state->files));
    component->state = state;
    for (size_t i = 0; i < options->headers.count; i++)
        if (!headers[i].is_action_set)
            sm_log(SM_LOG_WARN, &component->logger,
                   "A header has no action: it is upserted. Write the action, because later versions of the reference ask for it");
    return open_files(state, component, error);
}

static void destroy(struct sm_component *component)
{
    const struct options *options = component->options;
    struct headers_setter *state = component->state;
    if (!state)
        return;
    for (size_t i = 0; i < options->headers.count; i++)
        sm_secret_file_close(state->files[i]);
    free(state->files);
    free(state);
}

/* ---- as an authenticator */

/* Those that sign, `extension` first and then what its additional_auth names, and so on. 0: one is not there, or there are too many (a circle). */
static size_t find_chain(struct sm_component *extension, struct sm_component *chain[CHAIN_MAX], struct sm_error *error)
{
    size_t count = 0;
    for (struct sm_component *at = extension; at; count++) {
        if (count == CHAIN_MAX) {
            sm_error_set(error, SM_ERROR_USAGE, "additional_auth: more than %d authenticators behind each other (a circle?)", CHAIN_MAX);
            return 0;
        }
        chain[count] = at;
        const struct options *options = at->options;
        if (at->type != extension->type || !*options->additional_auth)
            return count + 1;
        struct sm_auth next;
        if (!sm_auth_find(&next, at, options->additional_auth, SM_AUTH_HTTP_CLIENT, error))
            return 0;
        at = next.extension;
    }
    return count;
}

static bool know_chain(struct sm_component *extension, struct sm_error *error)
{
    struct headers_setter *state = extension->state;
    if (state->chain_count == 0)
        state->chain_count = find_chain(extension, state->chain, error);
    return state->chain_count > 0;
}

/* The last that signs, if it is of another kind. */
static struct sm_component *other_authenticator(const struct sm_component *extension)
{
    const struct headers_setter *state = extension->state;
    struct sm_component *last = state->chain_count > 0 ? state->chain[state->chain_count - 1] : NULL;
    return last && last->type != extension->type ? last : NULL;
}

static unsigned sides(const struct sm_component *extension)
{
    (void)extension;
    return SM_AUTH_CLIENT;
}

static const struct sm_auth_type *type_of(const struct sm_component *authenticator)
{
    return authenticator->type->interface;
}

static bool check(struct sm_component *extension, struct sm_error *error)
{
    if (!know_chain(extension, error))
        return false;
    struct sm_component *other = other_authenticator(extension);
    return !other || !type_of(other)->check || type_of(other)->check(other, error) || sm_error_wrap(error, "authenticator \"%s\"", other->id);
}

static bool needs_tls(struct sm_component *extension)
{
    struct sm_component *other = other_authenticator(extension);
    return other && type_of(other)->needs_tls && type_of(other)->needs_tls(other);
}

/* False: more than one value to choose from. */
static bool find_value(const struct header_options *header, struct sm_secret_file *file, const struct sm_metadata *context, struct sm_arena *arena,
                       struct sm_slice *value, struct sm_error *error)
{
    struct sm_bytes text;
    *value = sm_slice_of(header->value);
    if (file) {
        sm_bytes_init(&text, arena);
        sm_secret_file_read(file, &text);
        *value = sm_bytes_slice(&text);
    } else if (header->has_from_attribute) {
        if (!sm_metadata_find_identity(context, sm_slice_of(header->from_attribute), value))
            *value = SM_SLICE("");
    } else if (header->has_from_context) {
        struct sm_slice name = sm_slice_of(header->from_context);
        size_t count = sm_metadata_count(context, name);
        if (count > 1)
            return sm_error_set(error, SM_ERROR_USAGE,
                                "failed to determine the source: %zu source keys found in the context, can't determine which one to use", count);
        *value = count == 1 ? sm_metadata_get(context, name, 0) : sm_slice_of(header->default_value);
    }
    return true;
}

static bool apply(const struct header_options *header, struct sm_auth_headers *headers, struct sm_slice value)
{
    struct sm_slice name = sm_slice_of(header->key);
    const struct sm_slice *old = sm_auth_headers_find(headers, name);
    bool is_there = old && old->size > 0;
    if (header->action == DELETE) {
        sm_auth_headers_remove(headers, name);
        return true;
    }
    if ((header->action == INSERT && is_there) || (header->action == UPDATE && !is_there))
        return true;
    return sm_auth_headers_set(headers, name, value);
}

static bool set_headers(const struct sm_component *extension, const struct sm_metadata *context, struct sm_auth_headers *headers,
                        struct sm_error *error)
{
    const struct options *options = extension->options;
    const struct header_options *header = options->headers.items;
    const struct headers_setter *state = extension->state;
    for (size_t i = 0; i < options->headers.count; i++) {
        struct sm_slice value;
        if (!find_value(&header[i], state->files[i], context, headers->arena, &value, error))
            return false;
        if (!apply(&header[i], headers, value))
            return sm_error_set(error, SM_ERROR_USAGE, "too many headers");
    }
    return true;
}

static bool sign(struct sm_component *extension, const struct sm_metadata *context, struct sm_auth_headers *headers, struct sm_error *error)
{
    const struct headers_setter *state = extension->state;
    bool is_good = true;
    for (size_t i = state->chain_count; i-- > 0 && is_good;) {
        struct sm_component *at = state->chain[i];
        is_good = at->type == extension->type ? set_headers(at, context, headers, error) : type_of(at)->sign(at, context, headers, error);
    }
    return is_good;
}

static const struct sm_auth_type authenticator = {
    .interface = SM_AUTH_INTERFACE,
    .sides = sides,
    .sign = sign,
    .check = check,
    .needs_tls = needs_tls,
};

const struct sm_component_type sm_extension_headers_setter = {
    .kind = SM_EXTENSION,
    .name = "headers_setter",
    .help = "Sets headers of requests to the next hop, from fixed values or from what the telemetry came with.",
    .stability = {SM_STABILITY_ALPHA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = create,
    .free = destroy,
    .interface = &authenticator,
};
