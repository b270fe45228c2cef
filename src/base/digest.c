/* digest.c - see digest.h. OpenSSL does the work. */
#include "base/digest.h"

#include "base/hex.h"
#include "base/openssl_library.h"

bool sm_digest_prepare(struct sm_error *error)
{
    return sm_openssl_load(error);
}

struct sm_slice sm_digest_hex(enum sm_digest digest, struct sm_slice bytes, struct sm_arena *arena)
{
    if (!sm_openssl_load(NULL))
        return (struct sm_slice){0};
    const EVP_MD *const types[] = {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512()};
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes.ptr ? bytes.ptr : "", bytes.size, result, &size, types[digest], NULL) != 1)
        return (struct sm_slice){0};
    return sm_hex_text(sm_slice_make(result, size), arena);
}
