/* url.h - URLs taken apart and put together as Go's package net/url does.
 *
 * Results point into the text or into the arena. Worker-local. Source: the documentation of net/url, RFC 3986, RFC 6874. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* Texts without escapes, but for those named raw_…, `opaque` and `query`. */
struct sm_ottl_url {
    struct sm_slice scheme, user, password;
    struct sm_slice authority; /* host and port, a colon without port included */
    struct sm_slice host;      /* of it; without the brackets of an IPv6 address */
    struct sm_slice port;
    struct sm_slice opaque; /* what follows a scheme without a slash */
    struct sm_slice path, raw_path, query, fragment, raw_fragment;
    bool has_authority, has_user, has_password, has_query;
};

/* False: not a URL. */
bool sm_ottl_url_parse(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_url *url);
struct sm_slice sm_ottl_url_write(const struct sm_ottl_url *url, struct sm_arena *arena);
struct sm_slice sm_ottl_url_user_info(const struct sm_ottl_url *url, struct sm_arena *arena); /* "user:password", escaped */
/* %XX as bytes. False: a "%" without two digits. */
bool sm_ottl_url_unescape(struct sm_slice text, struct sm_arena *arena, bool plus_is_space, struct sm_slice *out);
