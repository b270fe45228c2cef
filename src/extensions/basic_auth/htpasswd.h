/* htpasswd.h - names and kept passwords, as `htpasswd` writes them: a line each, "name:password". Any thread after it was made. */
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/slice.h"

struct sm_htpasswd;

/* Reads `file` ("": none), then `inline_text`, whose entries win. Lines without a colon or with a damaged password are left out and logged by number,
 * never by content. NULL with `error` filled: the file cannot be read, or a library is needed and not there. */
struct sm_htpasswd *sm_htpasswd_create(const char *file, const char *inline_text, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
/* False with `error`: "invalid credentials", or SM_ERROR_BUSY when that cannot be said now. Slow hashes take milliseconds of the calling worker, by
 * design. They are computed until a name's password was right, then only digests with the secret of the process are compared: any other password is
 * wrong. Before that, passwords refused lately are remembered, and wrong ones may take SM_HTPASSWD_BURST_NS at once and a quarter of one processor in
 * the long run; beyond that the answer is SM_ERROR_BUSY, which clients try again. */
#define SM_HTPASSWD_BURST_NS (1000 * SM_NS_PER_MS)
bool sm_htpasswd_matches(struct sm_htpasswd *users, struct sm_slice name, struct sm_slice password, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_htpasswd_free(struct sm_htpasswd *users); /* NULL is allowed */
