/* http_options.c - the options of an HTTP server. Constant tables. Source: opentelemetry-collector config/confighttp. */
#include "net/http_server.h"

#include <stdio.h>

#include "net/listener.h"

const struct sm_option sm_cors_option_table[] = {
    SM_OPTION_STRING_LIST(struct sm_cors_options, allowed_origins, .help = "Origins that may send requests; * stands for any characters."),
    SM_OPTION_STRING_LIST(struct sm_cors_options, allowed_headers,
                          .help = "Headers that requests may have; accept, content-type, x-requested-with when not set."),
    SM_OPTION_STRING_LIST(struct sm_cors_options, exposed_headers, .help = "Headers of answers that scripts may read."),
    SM_OPTION_INT(struct sm_cors_options, max_age, .unit = "seconds", .help = "How long browsers keep the answer to a preflight request."),
    SM_OPTION_END,
};

const struct sm_option sm_http_server_option_table[] = {
    SM_HTTP_SERVER_OPTION_ROWS("", 60 * SM_S, 30 * SM_S, 60 * SM_S),
    SM_OPTION_END,
};

void sm_http_server_validate(const struct sm_http_server_options *options, struct sm_validation *validation, const char *key_path)
{
    sm_listener_validate_transport(options->transport, validation, key_path);
    if (!options->tls)
        return;
    char path[256];
    snprintf(path, sizeof(path), "%s::tls", key_path);
    sm_tls_server_validate(options->tls, validation, path);
}
