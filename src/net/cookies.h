/* cookies.h - what servers gave a client to remember, and give back (RFC 6265).
 *
 * One jar for all workers of a client; any thread: a lock, taken once a request. Limits: 64 cookies of 4096 bytes; the oldest go first.
 * Source: Go's net/http/cookiejar (behaviour). */
#pragma once

#include "base/bytes.h"

#include <stdint.h>

struct sm_cookies;

struct sm_cookies *sm_cookies_create(void) __attribute__((returns_nonnull, warn_unused_result));
void sm_cookies_free(struct sm_cookies *cookies); /* NULL is allowed */
/* `header` is the value of one Set-Cookie in an answer from `url`. `now_s`: seconds since 1970. What is malformed or not for this host is left out.
 */
void sm_cookies_take(struct sm_cookies *cookies, const char *url, struct sm_slice header, int64_t now_s);
/* Appends "Cookie: a=1; b=2\r\n" for a request to `url`; nothing when there are none. */
void sm_cookies_write(struct sm_cookies *cookies, const char *url, int64_t now_s, struct sm_bytes *head);
