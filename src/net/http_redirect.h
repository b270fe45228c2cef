/* http_redirect.h - where an answer sends a request. No state; any thread. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

enum { SM_HTTP_REDIRECT_LIMIT = 10 };

/* The same request is to be sent to Location: 301, 302, 307, 308. (303 asks for a GET, which would lose the body.) */
bool sm_http_redirect_repeats(int status);
/* Appends `location` as an absolute URL; `base` ("http://host:port/path?query") is what was asked. */
void sm_http_redirect_resolve(struct sm_slice base, struct sm_slice location, struct sm_bytes *out);
/* The host of an http or https URL, without its port. */
struct sm_slice sm_http_redirect_host(struct sm_slice url);
