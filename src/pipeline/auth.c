/* auth.c - see auth.h: finds authenticators, keeps the headers of a request. */
#include "pipeline/auth.h"

#include <string.h>

#include "pipeline/component.h"

const char SM_AUTH_INTERFACE[] = "auth";

const struct sm_option sm_auth_option_table[] = {
    SM_OPTION_STRING(struct sm_auth_options, authenticator, .required = true, .help = "Id of the extension that authenticates."),
    SM_OPTION_END,
};

const struct sm_option sm_http_server_auth_option_table[] = {
    SM_OPTION_TABLE(struct sm_http_server_auth_options, auth, sm_auth_option_table, .squash = true),
    SM_OPTION_STRING_LIST(struct sm_http_server_auth_options, request_params,
                          .help = "Parameters of the query that stand for headers of the same name when clients are authenticated."),
    SM_OPTION_END,
};

const struct sm_slice *sm_auth_headers_find(const struct sm_auth_headers *headers, struct sm_slice name)
{
    for (size_t i = 0; i < headers->count; i++)
        if (sm_slice_equal_nocase(headers->items[i].name, name))
            return &headers->items[i].value;
    return NULL;
}

void sm_auth_headers_remove(struct sm_auth_headers *headers, struct sm_slice name)
{
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++)
        if (!sm_slice_equal_nocase(headers->items[i].name, name))
            headers->items[kept++] = headers->items[i];
    headers->count = kept;
}

bool sm_auth_headers_set(struct sm_auth_headers *headers, struct sm_slice name, struct sm_slice value)
{
    sm_auth_headers_remove(headers, name);
    if (headers->count == SM_AUTH_HEADER_LIMIT)
        return false;
    headers->items[headers->count++] = (struct sm_auth_header){.name = name, .value = value};
    return true;
}

bool sm_auth_find(struct sm_auth *auth, const struct sm_component *user, const char *id, enum sm_auth_side side, struct sm_error *error)
{
    static const struct {
        enum sm_auth_side side;
        const char *name;
    } names[] = {{SM_AUTH_SERVER, "server"}, {SM_AUTH_HTTP_CLIENT, "HTTP client"}, {SM_AUTH_GRPC_CLIENT, "gRPC client"}};
    if (!user)
        return sm_error_set(error, SM_ERROR_USAGE, "authentication was configured but this component or its host does not support extensions");
    auth->extension = sm_graph_find_extension(user->graph, id);
    if (!auth->extension)
        return sm_error_set(error, SM_ERROR_USAGE,
                            "failed to resolve authenticator \"%s\": authenticator not found (is it listed in service::extensions?)", id);
    auth->type = auth->extension->type->interface;
    bool is_auth = auth->type && strcmp(auth->type->interface, SM_AUTH_INTERFACE) == 0;
    if (is_auth && (auth->type->sides(auth->extension) & side))
        return true;
    size_t at = 0;
    while (names[at].side != side)
        at++;
    return sm_error_set(error, SM_ERROR_USAGE, "authenticator \"%s\": requested authenticator is not a %s authenticator", id, names[at].name);
}

bool sm_auth_open(struct sm_auth *auth, const struct sm_component *user, const char *const *id, enum sm_auth_side side, struct sm_error *error)
{
    bool is_found = sm_auth_find(auth, user, *id, side, error);
    if (is_found && (side == SM_AUTH_SERVER || !auth->type->check || auth->type->check(auth->extension, error)))
        return true;
    if (is_found)
        sm_error_wrap(error, "authenticator \"%s\"", *id);
    sm_error_blame(error, id);
    return sm_error_of_start(error);
}
