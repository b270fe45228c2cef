/* full_name.c - see full_name.h. The question is shared by the thread that asks and the one that waits; who leaves last releases it. */
#include "datadog/full_name.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

struct question {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    sm_full_name_asking *ask;
    char name[SM_FULL_NAME_SIZE_MAX], full_name[SM_FULL_NAME_SIZE_MAX]; /* the latter: of the thread until `has_ended` */
    bool has_ended, is_found;                                           /* guarded */
    unsigned references;                                                /* guarded */
};

bool sm_full_name_ask(const char *name, char *full_name)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_flags = AI_CANONNAME}, *found = NULL;
    bool is_found = getaddrinfo(name, NULL, &hints, &found) == 0 && found && found->ai_canonname;
    if (is_found)
        snprintf(full_name, SM_FULL_NAME_SIZE_MAX, "%s", found->ai_canonname);
    if (found)
        freeaddrinfo(found);
    return is_found;
}

/* With the lock, which it gives back. */
static void leave(struct question *question)
{
    bool is_last = --question->references == 0;
    pthread_mutex_unlock(&question->lock);
    if (!is_last)
        return;
    pthread_cond_destroy(&question->answered);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

static void *run(void *context)
{
    struct question *question = context;
    bool is_found = question->ask(question->name, question->full_name);
    pthread_mutex_lock(&question->lock);
    question->is_found = is_found;
    question->has_ended = true;
    pthread_cond_signal(&question->answered);
    leave(question);
    return NULL;
}

static struct question *create_question(sm_full_name_asking *ask, const char *name)
{
    struct question *question = sm_alloc(1, sizeof(*question));
    question->ask = ask;
    question->references = 1;
    snprintf(question->name, sizeof(question->name), "%s", name);
    pthread_mutex_init(&question->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&question->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    return question;
}

/* Signals are the main thread's. */
static bool start_thread(struct question *question)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&thread, NULL, run, question) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started && pthread_detach(thread) == 0;
}

bool sm_full_name_within(sm_full_name_asking *ask, const char *name, uint64_t limit_ns, char *full_name)
{
    struct question *question = create_question(ask, name);
    uint64_t until_ns = sm_clock_mono_ns() + limit_ns;
    const struct timespec until = {.tv_sec = (time_t)(until_ns / SM_NS_PER_S), .tv_nsec = (long)(until_ns % SM_NS_PER_S)};
    pthread_mutex_lock(&question->lock);
    question->references++;
    bool is_waiting = start_thread(question);
    question->references -= !is_waiting;
    while (is_waiting && !question->has_ended)
        is_waiting = pthread_cond_timedwait(&question->answered, &question->lock, &until) == 0;
    bool is_found = question->has_ended && question->is_found;
    if (is_found)
        snprintf(full_name, SM_FULL_NAME_SIZE_MAX, "%s", question->full_name);
    leave(question);
    return is_found;
}
