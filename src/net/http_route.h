/* http_route.h - which handler a path belongs to, as Go's ServeMux decides; for handlers with one or few paths.
 *
 * A pattern that ends with a slash stands for everything below it, any other for itself. Paths with empty, "." or ".." segments are sent to what they
 * mean, and "/tree" to "/tree/" where only the latter exists. No state; any thread. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

struct sm_bytes;
struct sm_http_request;

/* `path` as the client wrote it; %XX in it is compared by what it means, but %2F is not a slash. */
bool sm_http_route_fits(struct sm_slice pattern, struct sm_slice path);
/* Index of the longest of `patterns` that fits the request's path. Without one, or where the path is to be written in another way, the request is
 * answered (404 or 307) and -1 returned. */
int sm_http_route(struct sm_http_request *request, const struct sm_slice *patterns, size_t count);
/* Is the path `text`, or does `text` stand anywhere in it? %XX is compared by what it means, %2F too. */
bool sm_http_path_is(struct sm_slice path, struct sm_slice text);
bool sm_http_path_contains(struct sm_slice path, struct sm_slice text);
/* Appends the path without empty, "." and ".." segments: "/a//b/../c/" is "/a/c/". */
void sm_http_path_clean(struct sm_slice path, struct sm_bytes *out);
/* Appends text with what HTML gives a meaning escaped, as Go's html.EscapeString does. */
void sm_http_append_html(struct sm_bytes *out, struct sm_slice text);
/* 404 with Go's words. */
void sm_http_respond_not_found(struct sm_http_request *request);
