/* thread_state.h - library states that are expensive to make, kept for the thread that uses them and freed when it ends. */
#pragma once

#include <pthread.h>

struct sm_thread_state {
    pthread_once_t once;
    pthread_key_t key;
};

/* The thread's state, or NULL when it has none yet. `prepare` creates the key with its destructor, once for the process. */
static inline void *sm_thread_state_find(struct sm_thread_state *state, void (*prepare)(void))
{
    return pthread_once(&state->once, prepare) == 0 ? pthread_getspecific(state->key) : NULL;
}
