/* openssl_library.c - see openssl_library.h. */
#include "base/openssl_library.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/shared_library.h"

#define TEXT_OF(number) #number
#define LIBRARY(name, version) "lib" name ".so." TEXT_OF(version)
#define LIBRARY_SSL LIBRARY("ssl", OPENSSL_SHLIB_VERSION)
#define LIBRARY_CRYPTO LIBRARY("crypto", OPENSSL_SHLIB_VERSION)

struct sm_openssl sm_openssl;
static bool is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *ssl = dlopen(LIBRARY_SSL, RTLD_NOW | RTLD_LOCAL), *crypto = dlopen(LIBRARY_CRYPTO, RTLD_NOW | RTLD_LOCAL);
    is_loaded = true;
#define FIND(name) is_loaded = is_loaded && (sm_shared_library_find(ssl, #name, &(name)) || sm_shared_library_find(crypto, #name, &(name)));
    SM_OPENSSL_FUNCTIONS(FIND)
#undef FIND
}

bool sm_openssl_load(struct sm_error *error)
{
    pthread_once(&once, load);
    return is_loaded ||
           sm_error_set(error, SM_ERROR_IO, "OpenSSL is needed (" LIBRARY_SSL ", " LIBRARY_CRYPTO "; Debian: libssl3), which cannot be loaded");
}
