/* library.c - see library.h. */
#include "exporters/kafka/library.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/shared_library.h"

#define LIBRARY "librdkafka.so.1"

static struct sm_kafka functions;
static bool is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    is_loaded = library != NULL;
#define FIND(name) is_loaded = is_loaded && sm_shared_library_find(library, "rd_kafka_" #name, &functions.name);
    SM_KAFKA_FUNCTIONS(FIND)
#undef FIND
}

const struct sm_kafka *sm_kafka_library(struct sm_error *error)
{
    pthread_once(&once, load);
    if (is_loaded)
        return &functions;
    sm_error_set(error, SM_ERROR_IO, "the exporter kafka needs the library " LIBRARY " (Debian: librdkafka1), which cannot be loaded");
    return NULL;
}
