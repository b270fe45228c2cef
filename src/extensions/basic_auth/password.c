/* password.c - see password.h. Stateless but for the library. Source: Apache's "Password Formats"; RFC 2307 for {SSHA}; what is taken is what the
 * reference's htpasswd reader takes. */
#include "extensions/basic_auth/password.h"

#include <crypt.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/shared_library.h"
#include "wire/base64.h"

/* ---- libraries: the system's crypt, and Apache's for its own form, opened when such a password is seen */

#define APACHE_LIBRARY "libaprutil-1.so.0"
#define CRYPT_LIBRARY "libcrypt.so.1"

static int (*validate_apache)(const char *password, const char *hash); /* 0: they fit */
static char *(*crypt_text)(const char *password, const char *setting, struct crypt_data *data);
static const char *apache_error, *crypt_error;
static pthread_once_t apache_once = PTHREAD_ONCE_INIT, crypt_once = PTHREAD_ONCE_INIT;

static void load_apache(void)
{
    if (!sm_shared_library_find(dlopen(APACHE_LIBRARY, RTLD_NOW | RTLD_LOCAL), "apr_password_validate", &validate_apache))
        apache_error = dlerror();
}

static void load_crypt(void)
{
    if (!sm_shared_library_find(dlopen(CRYPT_LIBRARY, RTLD_NOW | RTLD_LOCAL), "crypt_r", &crypt_text))
        crypt_error = dlerror();
}

static bool is_apache(struct sm_slice kept)
{
    return sm_slice_starts_with(kept, SM_SLICE("$apr1$"));
}

bool sm_password_load(struct sm_slice kept, const char **reason)
{
    bool needs_apache = is_apache(kept);
    pthread_once(needs_apache ? &apache_once : &crypt_once, needs_apache ? load_apache : load_crypt);
    *reason = needs_apache ? apache_error : crypt_error;
    return !*reason;
}

/* ---- forms */

enum { SHA1_BYTES = 20, SHA1_TEXT_LIMIT_BYTES = 1024 };

/* The digest and the salt behind it of "{SHA}…" or "{SSHA}…"; false: damaged. */
static bool decode_sha1(struct sm_slice kept, char bytes[SHA1_TEXT_LIMIT_BYTES], size_t *size)
{
    bool is_salted = kept.ptr[1] == 'S' && kept.ptr[2] == 'S';
    size_t prefix_size = is_salted ? strlen("{SSHA}") : strlen("{SHA}");
    struct sm_slice text = sm_slice_make(kept.ptr + prefix_size, kept.size - prefix_size);
    return text.size <= SHA1_TEXT_LIMIT_BYTES && sm_base64_decode(text, bytes, size) && (is_salted ? *size >= SHA1_BYTES : *size == SHA1_BYTES);
}

enum sm_password_form sm_password_form(struct sm_slice kept)
{
    static const char *const crypt_prefixes[] = {"$apr1$", "$1$", "$5$", "$6$", "$2y$", "$2a$", "$2b$", "$2x$"};
    char bytes[SHA1_TEXT_LIMIT_BYTES];
    size_t size;
    if (sm_slice_starts_with(kept, SM_SLICE("{SHA}")) || sm_slice_starts_with(kept, SM_SLICE("{SSHA}")))
        return decode_sha1(kept, bytes, &size) ? SM_PASSWORD_SHA1 : SM_PASSWORD_BROKEN;
    for (size_t i = 0; i < sizeof(crypt_prefixes) / sizeof(crypt_prefixes[0]); i++)
        if (sm_slice_starts_with(kept, sm_slice_of(crypt_prefixes[i])))
            return SM_PASSWORD_CRYPT;
    return SM_PASSWORD_PLAIN;
}

/* ---- comparing: the time taken tells nothing about the content */

static bool is_equal(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;
    unsigned difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned)(left[i] ^ right[i]);
    return difference == 0;
}

static bool matches_plain(struct sm_slice kept, struct sm_slice given)
{
    struct sm_slice mark = SM_SLICE("{PLAIN}");
    if (sm_slice_starts_with(kept, mark) && kept.size - mark.size == given.size && is_equal(kept.ptr + mark.size, given.ptr, given.size))
        return true;
    return kept.size == given.size && is_equal(kept.ptr, given.ptr, kept.size);
}

static bool matches_sha1(struct sm_slice kept, struct sm_slice given)
{
    char bytes[SHA1_TEXT_LIMIT_BYTES];
    size_t size;
    if (!decode_sha1(kept, bytes, &size))
        return false;
    struct sm_arena arena = {0};
    struct sm_bytes salted;
    sm_bytes_init(&salted, &arena);
    sm_bytes_append_slice(&salted, given);
    sm_bytes_append(&salted, bytes + SHA1_BYTES, size - SHA1_BYTES);
    struct sm_slice found = sm_digest_hex(SM_DIGEST_SHA1, sm_bytes_slice(&salted), &arena);
    struct sm_slice expected = sm_hex_text(sm_slice_make(bytes, SHA1_BYTES), &arena);
    bool fits = found.size == expected.size && is_equal(found.ptr, expected.ptr, found.size);
    sm_arena_deinit(&arena);
    return fits;
}

static bool matches_system(const char *kept, const char *given)
{
    struct crypt_data *data = sm_alloc(1, sizeof(*data));
    const char *made = crypt_text(given, kept, data);
    size_t size = strlen(kept);
    bool fits = made && strlen(made) == size && is_equal(made, kept, size);
    free(data);
    return fits;
}

static bool matches_crypt(struct sm_slice kept, struct sm_slice given)
{
    const char *reason;
    if (memchr(given.ptr ? given.ptr : "", '\0', given.size) || !sm_password_load(kept, &reason))
        return false;
    struct sm_arena arena = {0};
    const char *password = sm_arena_copy(&arena, given).ptr, *hash = sm_arena_copy(&arena, kept).ptr;
    bool fits = is_apache(kept) ? validate_apache(password, hash) == 0 : matches_system(hash, password);
    sm_arena_deinit(&arena);
    return fits;
}

bool sm_password_matches(struct sm_slice kept, struct sm_slice given)
{
    switch (sm_password_form(kept)) {
    case SM_PASSWORD_PLAIN:
        return matches_plain(kept, given);
    case SM_PASSWORD_SHA1:
        return matches_sha1(kept, given);
    case SM_PASSWORD_CRYPT:
        return matches_crypt(kept, given);
    case SM_PASSWORD_BROKEN:
        break;
    }
    return false;
}
