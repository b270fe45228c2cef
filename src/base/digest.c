/* digest.c - see digest.h. OpenSSL does the work. */
#include "base/digest.h"

#include <openssl/evp.h>

struct sm_slice sm_digest_hex(enum sm_digest digest, struct sm_slice bytes, struct sm_arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    const EVP_MD *const types[] = {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512()};
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes.ptr ? bytes.ptr : "", bytes.size, result, &size, types[digest], NULL) != 1)
        return (struct sm_slice){0};
    char *text = sm_arena_alloc(arena, 2 * (size_t)size);
    for (unsigned int i = 0; i < size; i++) {
        text[2 * i] = digits[result[i] >> 4];
        text[2 * i + 1] = digits[result[i] & 15];
    }
    return sm_slice_make(text, 2 * (size_t)size);
}
