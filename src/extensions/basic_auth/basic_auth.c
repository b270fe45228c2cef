/* basic_auth.c - the extension `basicauth`: HTTP Basic authentication of clients (htpasswd) or towards a next hop (client_auth).
 *
 * State: the users, or the name and password to send, read again when their files change. Source: RFC 7617; opentelemetry-collector-contrib
 * extension/basicauthextension (options, texts). */
#include "pipeline/component.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "extensions/basic_auth/htpasswd.h"
#include "pipeline/auth.h"
#include "telemetry/metadata.h"
#include "wire/base64.h"

enum { CREDENTIALS_LIMIT_BYTES = 16 * 1024 };

struct htpasswd_options {
    const char *file, *inline_text;
};
struct client_options {
    const char *username, *username_file, *password, *password_file;
};
struct options {
    struct htpasswd_options *htpasswd;
    struct client_options *client_auth;
};

static const struct sm_option htpasswd_table[] = {
    SM_OPTION_STRING(struct htpasswd_options, file, .help = "File with a line \"name:password\" for each client, as htpasswd writes it."),
    SM_OPTION_ROW(SM_OPTION_KIND_SECRET, struct htpasswd_options, inline_text, .key = "inline",
                  .help = "Such lines in the configuration; they win over those of the file."),
    SM_OPTION_END,
};

static const struct sm_option client_table[] = {
    SM_OPTION_STRING(struct client_options, username, .help = "Name to send."),
    SM_OPTION_STRING(struct client_options, username_file, .help = "File with the name, read again when it changes; wins over username."),
    SM_OPTION_SECRET(struct client_options, password, .help = "Password to send."),
    SM_OPTION_STRING(struct client_options, password_file, .help = "File with the password, read again when it changes; wins over password."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_OPTIONAL(struct options, htpasswd, htpasswd_table, .null_is_absent = true, .has_no_switch = true, .help = "For servers: who may send."),
    SM_OPTION_OPTIONAL(struct options, client_auth, client_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "For clients: what is sent to the next hop."),
    SM_OPTION_END,
};

static void validate(const void *option_struct, struct sm_validation *validation)
{
    const struct options *options = option_struct;
    if (options->htpasswd && options->client_auth)
        sm_validation_error(validation, "", "only one of `htpasswd` or `client_auth` can be specified");
    if (!options->htpasswd && !options->client_auth)
        sm_validation_error(validation, "", "no credential source provided");
}

struct basic_auth {
    struct sm_htpasswd *users;                  /* owned; servers */
    struct sm_secret_file *username, *password; /* owned; clients with files */
};

static bool open_file(struct sm_secret_file **file, const char *const *path, const struct sm_logger *logger, struct sm_error *error)
{
    if (**path)
        *file = sm_secret_file_open(*path, logger, error);
    return !**path || *file || sm_error_blame(error, path);
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct basic_auth *state = sm_alloc(1, sizeof(*state));
    component->state = state;
    if (options->htpasswd && !*options->htpasswd->file && !*options->htpasswd->inline_text) {
        sm_error_set(error, SM_ERROR_USAGE, "no credential source provided");
        return sm_error_blame(error, &options->htpasswd);
    }
    if (options->htpasswd) {
        state->users = sm_htpasswd_create(options->htpasswd->file, options->htpasswd->inline_text, &component->logger, error);
        if (state->users)
            return true;
        sm_error_blame(error, *options->htpasswd->file ? &options->htpasswd->file : &options->htpasswd->inline_text);
        return sm_error_of_start(error);
    }
    return open_file(&state->username, &options->client_auth->username_file, &component->logger, error) &&
           open_file(&state->password, &options->client_auth->password_file, &component->logger, error);
}

static void destroy(struct sm_component *component)
{
    struct basic_auth *state = component->state;
    if (!state)
        return;
    sm_htpasswd_free(state->users);
    sm_secret_file_close(state->username);
    sm_secret_file_close(state->password);
    free(state);
}

/* ---- as an authenticator */

static unsigned sides(const struct sm_component *extension)
{
    const struct options *options = extension->options;
    return options->htpasswd ? SM_AUTH_SERVER : SM_AUTH_CLIENT;
}

static bool authenticate(struct sm_component *extension, const struct sm_auth_request *request, struct sm_metadata **identity, struct sm_error *error)
{
    struct basic_auth *state = extension->state;
    struct sm_slice value = request->find(request->context, SM_SLICE("Authorization")), scheme = SM_SLICE("Basic ");
    if (value.size == 0)
        return sm_error_set(error, SM_ERROR_USAGE, "no basic auth provided");
    if (value.size < scheme.size || !sm_slice_equal_nocase(sm_slice_make(value.ptr, scheme.size), scheme))
        return sm_error_set(error, SM_ERROR_USAGE, "invalid authorization scheme prefix");
    struct sm_slice encoded = sm_slice_make(value.ptr + scheme.size, value.size - scheme.size);
    char decoded[CREDENTIALS_LIMIT_BYTES];
    size_t size;
    if (sm_base64_decoded_size_max(encoded.size) > sizeof(decoded) || !sm_base64_decode(encoded, decoded, &size) || !memchr(decoded, ':', size))
        return sm_error_set(error, SM_ERROR_USAGE, "invalid authorization format");
    struct sm_slice password = sm_slice_make(decoded, size), name = sm_slice_cut(&password, ':');
    if (!sm_htpasswd_matches(state->users, name, password, error))
        return false;
    *identity = sm_metadata_create();
    sm_metadata_add_identity(*identity, SM_SLICE("username"), name);
    sm_metadata_add_identity(*identity, SM_SLICE("raw"), encoded);
    return true;
}

static void append_secret(struct sm_bytes *out, struct sm_secret_file *file, const char *text)
{
    if (file)
        sm_secret_file_read(file, out);
    else
        sm_bytes_append_text(out, text);
}

/* A name with a colon would be read as a shorter one. */
static bool has_colon(const struct sm_bytes *name, struct sm_error *error)
{
    return name->size > 0 && memchr(name->ptr, ':', name->size) &&
           !sm_error_set(error, SM_ERROR_USAGE, "invalid authorization format: the user name has a colon");
}

static bool check(struct sm_component *extension, struct sm_error *error)
{
    const struct options *options = extension->options;
    const struct basic_auth *state = extension->state;
    struct sm_bytes name = {0};
    append_secret(&name, state->username, options->client_auth->username);
    bool is_good = !has_colon(&name, error);
    sm_bytes_deinit(&name);
    return is_good;
}

static bool sign(struct sm_component *extension, const struct sm_metadata *context, struct sm_auth_headers *headers, struct sm_error *error)
{
    (void)context;
    const struct options *options = extension->options;
    const struct basic_auth *state = extension->state;
    struct sm_bytes pair;
    sm_bytes_init(&pair, headers->arena);
    append_secret(&pair, state->username, options->client_auth->username);
    if (has_colon(&pair, error))
        return false;
    sm_bytes_append_char(&pair, ':');
    append_secret(&pair, state->password, options->client_auth->password);
    struct sm_slice scheme = SM_SLICE("Basic ");
    size_t size = sm_base64_encoded_size(pair.size);
    char *value = sm_arena_alloc(headers->arena, scheme.size + size);
    memcpy(value, scheme.ptr, scheme.size);
    sm_base64_encode(sm_bytes_slice(&pair), value + scheme.size);
    return sm_auth_headers_set(headers, SM_SLICE("Authorization"), sm_slice_make(value, scheme.size + size)) ||
           sm_error_set(error, SM_ERROR_USAGE, "too many headers");
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
    .check = check,
    .needs_tls = needs_tls,
};

const struct sm_component_type sm_extension_basic_auth = {
    .kind = SM_EXTENSION,
    .name = "basicauth",
    .help = "Authenticates clients by name and password, or sends name and password to the next hop.",
    .stability = {SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = create,
    .free = destroy,
    .interface = &authenticator,
};
