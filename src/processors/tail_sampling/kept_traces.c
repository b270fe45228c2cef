/* kept_traces.c - see kept_traces.h. A key is the time of writing and a number (8 bytes each, big-endian). */
#include "processors/tail_sampling/kept_traces.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/storage.h"

struct sm_tail_keeper {
    struct sm_component *component; /* borrowed */
    const char *storage_id;         /* borrowed: options */
    pthread_mutex_t mutex;          /* held between open and close */
    struct sm_storage_client *client;
    uint64_t next_number;
};

struct sm_tail_keeper *sm_tail_keeper_create(struct sm_component *component, const char *storage_id)
{
    struct sm_tail_keeper *keeper = sm_alloc(1, sizeof(*keeper));
    keeper->component = component;
    keeper->storage_id = storage_id;
    pthread_mutex_init(&keeper->mutex, NULL);
    return keeper;
}

void sm_tail_keeper_free(struct sm_tail_keeper *keeper)
{
    if (keeper)
        pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

bool sm_tail_keeper_open(struct sm_tail_keeper *keeper, struct sm_error *error)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->client = sm_storage_open(keeper->component, keeper->storage_id, "undecided", error);
    if (!keeper->client)
        pthread_mutex_unlock(&keeper->mutex);
    return keeper->client != NULL;
}

void sm_tail_keeper_close(struct sm_tail_keeper *keeper)
{
    sm_storage_close(keeper->client);
    keeper->client = NULL;
    pthread_mutex_unlock(&keeper->mutex);
}

bool sm_tail_keeper_write(struct sm_tail_keeper *keeper, struct sm_slice request, struct sm_error *error)
{
    const uint64_t key[] = {htobe64(sm_clock_wall_ns()), htobe64(keeper->next_number++)};
    return sm_storage_set(keeper->client, sm_slice_make((const char *)key, sizeof(key)), request, error);
}

bool sm_tail_keeper_take(struct sm_tail_keeper *keeper, struct sm_buffer **request, struct sm_error *error)
{
    struct sm_bytes key = {0};
    *request = NULL;
    bool is_sound = sm_storage_next(keeper->client, (struct sm_slice){0}, &key, request, error) &&
                    (key.size == 0 || sm_storage_delete(keeper->client, sm_bytes_slice(&key), error));
    if (!is_sound || key.size == 0) {
        sm_buffer_release(*request);
        *request = NULL;
    }
    sm_bytes_deinit(&key);
    return is_sound;
}
