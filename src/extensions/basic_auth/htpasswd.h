/* htpasswd.h - names and kept passwords, as `htpasswd` writes them: a line each, "name:password". Any thread after it was made. */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "base/slice.h"

struct sm_htpasswd;

/* Reads `file` ("": none), then `inline_text`, whose entries win. Lines without a colon or with a damaged password are left out and logged by number,
 * never by content. NULL with `error` filled: the file cannot be read, or a library is needed and not there. */
struct sm_htpasswd *sm_htpasswd_create(const char *file, const char *inline_text, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Slow hashes are computed once for a name's right password, then remembered as a digest with the secret of the process. */
bool sm_htpasswd_matches(struct sm_htpasswd *users, struct sm_slice name, struct sm_slice password);
void sm_htpasswd_free(struct sm_htpasswd *users); /* NULL is allowed */
