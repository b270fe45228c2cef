/* password.h - passwords as htpasswd files keep them: plain, {SHA}, {SSHA}, and those that begin with "$" (bcrypt, MD5, SHA-256 and SHA-512 crypt).
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

enum sm_password_form {
    SM_PASSWORD_PLAIN,
    SM_PASSWORD_SHA1,   /* {SHA} and {SSHA} */
    SM_PASSWORD_CRYPT,  /* begins with "$": checked by a library that is opened when the first one is seen */
    SM_PASSWORD_BROKEN, /* of a known form, but damaged */
};
enum sm_password_form sm_password_form(struct sm_slice kept);
/* Opens the library that a CRYPT password needs: Apache's for $apr1$, the system's for the others. False: it is not there; `*reason` says why. Any
 * thread. */
bool sm_password_load(struct sm_slice kept, const char **reason) __attribute__((warn_unused_result));
/* Whether `given` is the password that is kept as `kept`. CRYPT takes milliseconds, by design, and needs the library. Any thread. */
bool sm_password_matches(struct sm_slice kept, struct sm_slice given);
