/* regex_cache.c - regular expressions made at run time, so that a pattern from an attribute is not compiled for every item.
 *
 * State: the last patterns of each thread, freed when it ends. What is in use is never thrown out: it counts its users. */
#include "ottl/regex_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ottl/compile.h"

enum { CACHED_MAX = 32 };

struct sm_ottl_cached_regex {
    uint64_t hash;
    struct sm_slice pattern; /* owned */
    struct sm_regex *regex;  /* owned */
    unsigned users;
    bool is_kept; /* in the cache: freed by it */
};

struct cache {
    struct sm_ottl_cached_regex *entries[CACHED_MAX]; /* owned */
    size_t next;                                      /* to be replaced */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void free_entry(struct sm_ottl_cached_regex *entry)
{
    if (!entry)
        return;
    sm_regex_free(entry->regex);
    free((void *)(uintptr_t)entry->pattern.ptr);
    free(entry);
}

static void free_cache(void *cache)
{
    for (size_t i = 0; i < CACHED_MAX; i++)
        free_entry(((struct cache *)cache)->entries[i]);
    free(cache);
}

static void make_key(void)
{
    (void)pthread_key_create(&key, free_cache);
}

static struct cache *cache_of_thread(void)
{
    pthread_once(&once, make_key);
    struct cache *cache = pthread_getspecific(key);
    if (!cache) {
        cache = sm_alloc(1, sizeof(*cache));
        if (pthread_setspecific(key, cache) != 0) {
            free(cache);
            return NULL;
        }
    }
    return cache;
}

static void keep(struct cache *cache, struct sm_ottl_cached_regex *entry)
{
    for (size_t i = 0; i < CACHED_MAX; i++) {
        struct sm_ottl_cached_regex **slot = &cache->entries[cache->next++ % CACHED_MAX];
        if (*slot && (*slot)->users > 0)
            continue;
        free_entry(*slot);
        *slot = entry;
        entry->is_kept = true;
        return;
    }
}

static struct sm_ottl_cached_regex *compile(struct sm_slice pattern, uint64_t hash, struct sm_error *error)
{
    struct sm_regex *regex = sm_regex_compile(pattern, error);
    if (!regex)
        return NULL;
    struct sm_ottl_cached_regex *entry = sm_alloc(1, sizeof(*entry));
    char *copy = sm_alloc(1, pattern.size + 1);
    memcpy(copy, pattern.ptr ? pattern.ptr : "", pattern.size);
    *entry = (struct sm_ottl_cached_regex){.hash = hash, .pattern = sm_slice_make(copy, pattern.size), .regex = regex};
    return entry;
}

bool sm_ottl_regex_lookup(struct sm_slice pattern, struct sm_ottl_regex *regex, struct sm_error *error)
{
    struct cache *cache = cache_of_thread();
    uint64_t hash = sm_hash(pattern);
    struct sm_ottl_cached_regex *found = NULL;
    for (size_t i = 0; cache && i < CACHED_MAX && !found; i++)
        if (cache->entries[i] && cache->entries[i]->hash == hash && sm_slice_equal(cache->entries[i]->pattern, pattern))
            found = cache->entries[i];
    if (!found) {
        found = compile(pattern, hash, error);
        if (found && cache)
            keep(cache, found);
    }
    if (!found)
        return false;
    found->users++;
    *regex = (struct sm_ottl_regex){.regex = found->regex, ._cached = found};
    return true;
}

bool sm_ottl_regex_find(struct sm_ottl_run *run, struct sm_slice pattern, struct sm_ottl_regex *regex)
{
    struct sm_error error = {0};
    return sm_ottl_regex_lookup(pattern, regex, &error) || sm_ottl_fail(run, "%s", error.text);
}

void sm_ottl_regex_release(struct sm_ottl_regex *regex)
{
    struct sm_ottl_cached_regex *cached = regex->_cached;
    if (cached && --cached->users == 0 && !cached->is_kept)
        free_entry(cached);
    *regex = (struct sm_ottl_regex){0};
}
