/* snappy_library.c - see snappy_library.h. */
#include "wire/snappy_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/log.h"
#include "base/shared_library.h"

#define LIBRARY "libsnappy.so.1"

static struct sm_snappy functions;
static bool is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    is_loaded = sm_shared_library_find(library, "snappy_compress", &functions.compress) &&
                sm_shared_library_find(library, "snappy_uncompress", &functions.uncompress) &&
                sm_shared_library_find(library, "snappy_max_compressed_length", &functions.max_compressed_length) &&
                sm_shared_library_find(library, "snappy_uncompressed_length", &functions.uncompressed_length) &&
                sm_shared_library_find(library, "snappy_validate_compressed_buffer", &functions.validate);
    if (!is_loaded)
        sm_log(SM_LOG_ERROR, NULL, "Snappy bodies cannot be read or written: install the library", SM_LOG_STR("library", LIBRARY),
               SM_LOG_STR("error", dlerror()));
}

const struct sm_snappy *sm_snappy_library(void)
{
    pthread_once(&once, load);
    return is_loaded ? &functions : NULL;
}
