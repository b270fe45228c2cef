/* password.c - see password.h. Stateless but for the library. Source: Apache's "Password Formats"; RFC 2307 for {SSHA}; what is taken is what the
 * reference's htpasswd reader takes. */
#include "extensions/basic_auth/password.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/shared_library.h"
#include "wire/base64.h"

/* ---- Apache's library */

#define LIBRARY "libaprutil-1.so.0"

static int (*validate)(const char *password, const char *hash); /* 0: they fit */
static const char *load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!sm_shared_library_find(library, "apr_password_validate", &validate)) {
        validate = NULL;
        load_error = dlerror();
    }
}

bool sm_password_load_crypt(const char **reason)
{
    pthread_once(&once, load);
    *reason = load_error;
    return validate != NULL;
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
    struct sm_slice expected = SM_SLICE(""), found = sm_digest_hex(SM_DIGEST_SHA1, sm_bytes_slice(&salted), &arena);
    struct sm_bytes hex;
    sm_bytes_init(&hex, &arena);
    for (size_t i = 0; i < SHA1_BYTES; i++)
        sm_bytes_printf(&hex, "%02x", (unsigned char)bytes[i]);
    expected = sm_bytes_slice(&hex);
    bool fits = found.size == expected.size && is_equal(found.ptr, expected.ptr, found.size);
    sm_arena_deinit(&arena);
    return fits;
}

static bool matches_crypt(struct sm_slice kept, struct sm_slice given)
{
    const char *reason;
    if (memchr(given.ptr ? given.ptr : "", '\0', given.size) || !sm_password_load_crypt(&reason))
        return false;
    struct sm_arena arena = {0};
    bool fits = validate(sm_arena_copy(&arena, given).ptr, sm_arena_copy(&arena, kept).ptr) == 0;
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
