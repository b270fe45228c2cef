/* http_url.h - an http or https URL in its parts (RFC 3986, as far as clients need it). No state; any thread. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>

/* Slices point into the text. */
struct sm_http_url {
    bool is_https;
    struct sm_slice user, path; /* path with query; empty: "/" */
    char host[256], port[32];
};

/* False with `error` filled: another scheme, or a host that is too long. The port is that of the scheme unless given. */
bool sm_http_url_parse(const char *text, struct sm_http_url *url, struct sm_error *error) __attribute__((warn_unused_result));
/* The URL as it may be shown: "***" stands for a password. What is no URL is written as it is. */
void sm_http_url_write_shown(const char *text, struct sm_bytes *out);
/* The URL without user and password. */
void sm_http_url_write_without_user(const char *text, struct sm_bytes *out);
/* "host" or "host:port", as the header Host has it. */
void sm_http_url_write_host(const struct sm_http_url *url, struct sm_bytes *out);
