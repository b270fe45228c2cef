/* http_response.c - heads of answers. Source: RFC 9110, RFC 9112. */
#include "net/http_request.h"

#include <stdio.h>
#include <time.h>

struct status_text {
    int status;
    const char *text;
};

static const struct status_text status_table[] = {
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *sm_http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(status_table) / sizeof(status_table[0]); i++)
        if (status_table[i].status == status)
            return status_table[i].text;
    return "Status";
}

static void append_header(struct sm_bytes *out, struct sm_slice name, struct sm_slice value)
{
    sm_bytes_append_slice(out, name);
    sm_bytes_append_text(out, ": ");
    sm_bytes_append_slice(out, value);
    sm_bytes_append_text(out, "\r\n");
}

static void append_date(struct sm_bytes *out)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    sm_bytes_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                    parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* The answer's own headers stand in place of the configured ones. */
static bool is_own(const struct sm_http_response *response, struct sm_slice name)
{
    if (response->content_type.size && sm_slice_equal_nocase(name, SM_SLICE("Content-Type")))
        return true;
    for (size_t i = 0; i < response->header_count; i++)
        if (sm_slice_equal_nocase(name, response->headers[i].name))
            return true;
    return false;
}

void sm_http_response_write_fields(struct sm_http_request *request, const struct sm_http_response *response, struct sm_bytes *out)
{
    const struct sm_string_map *fixed = &request->options->response_headers;
    for (size_t i = 0; i < fixed->count; i++)
        if (!is_own(response, sm_slice_of(fixed->entries[i].key)))
            append_header(out, sm_slice_of(fixed->entries[i].key), sm_slice_of(fixed->entries[i].value));
    sm_http_cors_append(request, out);
    if (response->content_type.size)
        append_header(out, SM_SLICE("Content-Type"), response->content_type);
    for (size_t i = 0; i < response->header_count; i++)
        append_header(out, response->headers[i].name, response->headers[i].value);
    append_date(out);
    if (response->status != 204)
        sm_bytes_printf(out, "Content-Length: %zu\r\n", response->body.size);
}

void sm_http_response_write_head(struct sm_http_request *request, const struct sm_http_response *response, struct sm_bytes *out)
{
    sm_bytes_printf(out, "HTTP/1.1 %d %s\r\n", response->status, sm_http_status_text(response->status));
    sm_http_response_write_fields(request, response, out);
    if (request->closes)
        sm_bytes_append_text(out, "Connection: close\r\n");
    else if (request->head->minor_version == 0)
        sm_bytes_append_text(out, "Connection: keep-alive\r\n");
    sm_bytes_append_text(out, "\r\n");
}

void sm_http_respond(struct sm_http_request *request, const struct sm_http_response *response)
{
    request->respond(request, response);
}

void sm_http_respond_text(struct sm_http_request *request, int status, const char *content_type, struct sm_slice body)
{
    const struct sm_http_response response = {.status = status, .content_type = sm_slice_of(content_type), .body = body};
    sm_http_respond(request, &response);
}

void sm_http_respond_error(struct sm_http_request *request, int status, const char *text)
{
    const struct sm_http_header header = {.name = SM_SLICE("X-Content-Type-Options"), .value = SM_SLICE("nosniff")};
    struct sm_bytes line = {0};
    sm_bytes_append_text(&line, text);
    sm_bytes_append_char(&line, '\n');
    const struct sm_http_response response = {
        .status = status,
        .content_type = SM_SLICE("text/plain; charset=utf-8"),
        .headers = &header,
        .header_count = 1,
        .body = sm_bytes_slice(&line),
    };
    sm_http_respond(request, &response);
    sm_bytes_deinit(&line);
}
