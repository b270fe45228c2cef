/* http_auth.c - clients of the HTTP server: who they are, and what is passed on of their headers. Worker-local.
 * Source: opentelemetry-collector config/confighttp (auth with request_params, include_metadata). */
#include "net/http_request.h"

#include "base/ascii.h"
#include "base/bytes.h"
#include "net/percent.h"
#include "telemetry/batch.h"
#include "telemetry/metadata.h"

/* "%41+b" as "A b". */
static struct sm_slice unescape(struct sm_slice text, struct sm_arena *arena)
{
    char *out = sm_arena_alloc(arena, text.size);
    size_t size = 0;
    while (text.size > 0) {
        bool is_space = *text.ptr == '+';
        sm_percent_take(&text, &out[size]);
        if (is_space)
            out[size] = ' ';
        size++;
    }
    return sm_slice_make(out, size);
}

struct lookup {
    const struct sm_http_request *request;
    struct sm_arena *arena;
};

/* The first parameter `name` of the query; ptr NULL: absent. */
static struct sm_slice find_parameter(const struct lookup *lookup, struct sm_slice name)
{
    struct sm_slice query = lookup->request->query;
    while (query.size > 0) {
        struct sm_slice value = sm_slice_cut(&query, '&'), key = sm_slice_cut(&value, '=');
        if (sm_slice_equal(unescape(key, lookup->arena), name))
            return value.size > 0 ? unescape(value, lookup->arena) : SM_SLICE("");
    }
    return (struct sm_slice){0};
}

/* As Go writes names of headers: "X-Api-Key". */
static bool is_canonical(struct sm_slice name)
{
    bool is_first = true;
    for (size_t i = 0; i < name.size; i++) {
        if (is_first ? sm_ascii_is_lower(name.ptr[i]) : sm_ascii_is_upper(name.ptr[i]))
            return false;
        is_first = name.ptr[i] == '-';
    }
    return true;
}

/* The reference puts parameters among the headers under their own spelling and looks for the canonical one first: only a parameter spelt so wins over
 * the header. */
static struct sm_slice find(const void *context, struct sm_slice name)
{
    const struct lookup *lookup = context;
    const struct sm_string_list *parameters = &lookup->request->options->auth->request_params;
    struct sm_slice found = sm_http_request_header(lookup->request, name);
    for (size_t i = 0; i < parameters->count; i++) {
        struct sm_slice parameter = sm_slice_of(parameters->items[i]), value = {0};
        if (sm_slice_equal_nocase(parameter, name) && (!found.ptr || is_canonical(parameter)))
            value = find_parameter(lookup, parameter);
        if (value.ptr)
            found = value;
    }
    return found;
}

bool sm_http_request_authenticate(struct sm_http_request *request, const struct sm_auth *auth, struct sm_error *why)
{
    struct sm_arena arena = SM_ARENA_INIT;
    const struct lookup lookup = {.request = request, .arena = &arena};
    const struct sm_auth_request question = {.find = find, .context = &lookup};
    bool may = auth->type->authenticate(auth->extension, &question, &request->identity, why);
    sm_arena_deinit(&arena);
    return may;
}

/* The headers with include_metadata, and who the client is with `auth`. NULL: nothing. */
static struct sm_metadata *take_metadata(struct sm_http_request *request)
{
    struct sm_metadata *metadata = request->identity;
    request->identity = NULL;
    if (!request->options->include_metadata)
        return metadata;
    if (!metadata)
        metadata = sm_metadata_create();
    for (size_t i = 0; i < sm_http_request_header_count(request); i++) {
        struct sm_slice name, value;
        sm_http_request_header_at(request, i, &name, &value);
        sm_metadata_add(metadata, name, value);
    }
    return metadata;
}

void sm_http_request_tell_client(struct sm_http_request *request, struct sm_batch *batch)
{
    batch->metadata = take_metadata(request);
    sm_batch_set_client(batch, sm_http_request_peer(request));
}
