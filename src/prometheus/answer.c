/* answer.c - the answer to one scrape. Source: client_golang promhttp/http.go. */
#include "base/bytes.h"
#include "net/http_server.h"
#include "prometheus/scrape.h"
#include "wire/compression.h"

/* Packs the page when the client wants it; false: it goes out as it is. */
static bool pack(struct sm_http_request *request, const struct sm_bytes *page, struct sm_bytes *packed)
{
    struct sm_error error;
    return sm_prometheus_wants_gzip(sm_http_request_header(request, SM_SLICE("Accept-Encoding"))) &&
           sm_compress(SM_COMPRESSION_GZIP, 0, sm_bytes_slice(page), packed, &error);
}

void sm_prometheus_respond(struct sm_http_request *request, struct sm_prometheus_format format, const struct sm_bytes *page)
{
    const struct sm_http_header gzip = {.name = SM_SLICE("Content-Encoding"), .value = SM_SLICE("gzip")};
    struct sm_bytes packed = {0};
    bool is_packed = pack(request, page, &packed);
    struct sm_http_response response = {.status = 200,
                                        .content_type = sm_slice_of(sm_prometheus_content_type(format)),
                                        .headers = is_packed ? &gzip : NULL,
                                        .header_count = is_packed ? 1 : 0,
                                        .body = sm_bytes_slice(is_packed ? &packed : page)};
    sm_http_respond(request, &response);
    sm_bytes_deinit(&packed);
}
