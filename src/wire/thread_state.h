/* thread_state.h - library states that are expensive to make, kept for the thread that uses them and freed when it ends. */
#pragma once

#include <pthread.h>

#include "base/memory.h"

struct sm_thread_state {
    pthread_once_t once;
    pthread_key_t key;
};

/* The thread's state, zeroed at first. `prepare` creates the key with its destructor, once for the process. */
static inline void *sm_thread_state_get(struct sm_thread_state *state, void (*prepare)(void), size_t size)
{
    pthread_once(&state->once, prepare);
    void *found = pthread_getspecific(state->key);
    if (!found) {
        found = sm_alloc(1, size);
        pthread_setspecific(state->key, found);
    }
    return found;
}
