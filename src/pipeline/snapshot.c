/* snapshot.c - see snapshot.h. One list per process under one mutex, which is not held while anybody is called. A source that is removed stays in
 * memory until its last question is answered. */
#include "pipeline/snapshot.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/volume_counts.h"

/* Guarded by `mutex`, but for what does not change. */
struct sm_snapshot_source {
    struct sm_snapshot_source *next; /* in the order of being added */
    sm_snapshot_ask *ask;
    void *context; /* borrowed */
    size_t open_count;
    void (*removed)(void *context); /* NULL: it is there */
    void *removed_context;          /* borrowed */
};

struct sm_snapshot_question {
    struct sm_snapshot_source *source; /* borrowed: its count of open questions keeps it */
    struct collection *collection;     /* borrowed: until the last answer */
    struct sm_bytes answer;            /* owned */
};

struct collection {
    struct sm_snapshot_question *questions; /* owned */
    size_t count, open_count;               /* `open_count` guarded by `mutex` */
    void (*collected)(void *context, struct sm_slice tables);
    void *context; /* borrowed */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sm_snapshot_source *first_source; /* owned, guarded by `mutex` */

struct sm_snapshot_source *sm_snapshot_source_add(sm_snapshot_ask *ask, void *context)
{
    struct sm_snapshot_source *source = sm_alloc(1, sizeof(*source));
    source->ask = ask;
    source->context = context;
    pthread_mutex_lock(&mutex);
    struct sm_snapshot_source **end = &first_source;
    while (*end)
        end = &(*end)->next;
    *end = source;
    pthread_mutex_unlock(&mutex);
    return source;
}

/* Outside of the mutex: nobody else knows the source any more. */
static void end_source(struct sm_snapshot_source *source)
{
    void (*removed)(void *context) = source->removed;
    void *context = source->removed_context;
    free(source);
    removed(context);
}

void sm_snapshot_source_remove(struct sm_snapshot_source *source, void (*removed)(void *context), void *context)
{
    pthread_mutex_lock(&mutex);
    struct sm_snapshot_source **at = &first_source;
    while (*at != source)
        at = &(*at)->next;
    *at = source->next;
    source->removed = removed;
    source->removed_context = context;
    bool is_idle = source->open_count == 0;
    pthread_mutex_unlock(&mutex);
    if (is_idle)
        end_source(source);
}

static void end_collection(struct collection *collection)
{
    struct sm_bytes all = {0};
    for (size_t i = 0; i < collection->count; i++) {
        sm_bytes_append_slice(&all, sm_bytes_slice(&collection->questions[i].answer));
        sm_bytes_deinit(&collection->questions[i].answer);
    }
    collection->collected(collection->context, sm_bytes_slice(&all));
    sm_bytes_deinit(&all);
    free(collection->questions);
    free(collection);
}

void sm_snapshot_answer(struct sm_snapshot_question *question, struct sm_slice tables)
{
    struct sm_snapshot_source *source = question->source;
    struct collection *collection = question->collection;
    sm_bytes_append_slice(&question->answer, tables);
    pthread_mutex_lock(&mutex);
    bool is_source_done = --source->open_count == 0 && source->removed;
    bool is_last = --collection->open_count == 0;
    pthread_mutex_unlock(&mutex);
    if (is_source_done)
        end_source(source);
    if (is_last)
        end_collection(collection);
}

void sm_snapshot_collect(void (*collected)(void *context, struct sm_slice tables), void *context)
{
    struct collection *collection = sm_alloc(1, sizeof(*collection));
    collection->collected = collected;
    collection->context = context;
    pthread_mutex_lock(&mutex);
    for (const struct sm_snapshot_source *source = first_source; source; source = source->next)
        collection->count++;
    collection->questions = sm_alloc(collection->count + 1, sizeof(*collection->questions));
    size_t count = 0;
    for (struct sm_snapshot_source *source = first_source; source; source = source->next, count++) {
        source->open_count++;
        collection->questions[count] = (struct sm_snapshot_question){.source = source, .collection = collection};
    }
    collection->open_count = count + 1; /* the one more is this function's, so that nothing ends before all are asked */
    pthread_mutex_unlock(&mutex);
    for (size_t i = 0; i < count; i++) {
        struct sm_snapshot_question *question = &collection->questions[i];
        question->source->ask(question, question->source->context);
    }
    pthread_mutex_lock(&mutex);
    bool is_last = --collection->open_count == 0;
    pthread_mutex_unlock(&mutex);
    if (is_last)
        end_collection(collection);
}

bool sm_snapshot_has_sources(void)
{
    pthread_mutex_lock(&mutex);
    bool has_some = first_source != NULL;
    pthread_mutex_unlock(&mutex);
    return has_some;
}

void sm_snapshot_append_table(struct sm_bytes *out, const char *kind, struct sm_slice unit, const char *component_id)
{
    sm_bytes_printf(out, "table %s %.*s %s\n", kind, SM_SLICE_ARGS(unit), component_id);
}

void sm_snapshot_append_name(struct sm_bytes *out, struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        if (c == '\t' || c == '\n' || c == '\\') {
            sm_bytes_append_char(out, '\\');
            c = c == '\t' ? 't' : c == '\n' ? 'n' : '\\';
        }
        sm_bytes_append_char(out, c);
    }
}

void sm_snapshot_append_volume(struct sm_bytes *out, const struct sm_volume *volume)
{
    sm_bytes_append_char(out, '\t');
    sm_snapshot_append_name(out, sm_slice_of(volume->service));
    sm_bytes_append_char(out, '\t');
    sm_snapshot_append_name(out, sm_slice_of(volume->environment));
    sm_bytes_printf(out, "\t%" PRId64 "\t%" PRId64 "\n", volume->spans, volume->bytes);
}
