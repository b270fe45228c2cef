/* worker.c - see worker.h.
 *
 * Each worker has a libevent base without locks, an eventfd, and a list of posted tasks. Posting pushes on the list with one compare-and-swap; only
 * who finds it empty writes to the eventfd, so that a burst of messages costs one wake-up. The worker takes the whole list at once and runs it in the
 * order of posting.
 * State: worker-local except `tasks` and `load`, which are atomic. The current worker is a thread-local.
 * Limits: none on posted tasks (each sender has its own). */
#include "pipeline/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"

enum { CACHE_LINE_BYTES = 64 };

/* Message: owned by the sender until pushed, then by the worker. */
struct task {
    struct task *next;
    sm_worker_task *run;
    void *context;
};

struct sm_worker {
    /* Any thread: producers push, the worker exchanges it with NULL. On a line of its own: producers write it while the worker works. */
    _Alignas(CACHE_LINE_BYTES) _Atomic(struct task *) tasks;
    atomic_int load; /* any thread, relaxed: a hint */
    /* From here on worker-local, or immutable after create. */
    _Alignas(CACHE_LINE_BYTES) struct event_base *base; /* owned */
    struct sm_workers *set;                             /* borrowed */
    struct event *wake_event;                           /* owned */
    char *scratch;                                      /* owned; NULL until asked for */
    int wake_fd;
    int index;
    pthread_t thread;
    bool is_running;  /* main thread: `thread` is to be joined */
    bool is_stopping; /* worker: leave the loop */
};

/* Immutable after create. */
struct sm_workers {
    struct sm_worker main_worker;
    unsigned count;
    struct sm_worker workers[];
};

struct sm_timer {
    struct sm_worker *worker; /* borrowed */
    struct event *event;      /* owned */
    sm_worker_task *run;
    void *context;
    uint64_t period_ns; /* 0: once */
};

static _Thread_local struct sm_worker *current_worker;

/* ---- tasks */

/* The posted tasks in order of posting; the list itself has the newest first. */
static struct task *take_tasks(struct sm_worker *worker)
{
    /* Acquire: pairs with the release in sm_worker_post, so that what the sender wrote is seen. */
    struct task *newest_first = atomic_exchange_explicit(&worker->tasks, NULL, memory_order_acquire);
    struct task *in_order = NULL;
    while (newest_first) {
        struct task *next = newest_first->next;
        newest_first->next = in_order;
        in_order = newest_first;
        newest_first = next;
    }
    return in_order;
}

/* Returns whether there were any. */
static bool run_tasks(struct sm_worker *worker)
{
    struct task *task = take_tasks(worker);
    bool had_tasks = task != NULL;
    while (task) {
        struct task *next = task->next;
        task->run(worker, task->context);
        free(task);
        task = next;
    }
    return had_tasks;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    uint64_t count;
    /* Only resets the counter; EAGAIN means that somebody else's wake-up was already taken. */
    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    run_tasks(context);
}

static void wake(struct sm_worker *worker)
{
    uint64_t one = 1;
    /* EAGAIN: the counter is full, the worker is awake anyway. */
    while (write(worker->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

void sm_worker_post(struct sm_worker *worker, sm_worker_task *run, void *context)
{
    struct task *task = sm_alloc(1, sizeof(*task));
    task->run = run;
    task->context = context;
    struct task *newest = atomic_load_explicit(&worker->tasks, memory_order_relaxed);
    do
        task->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&worker->tasks, &newest, task, memory_order_release, memory_order_relaxed));
    if (!newest)
        wake(worker);
}

/* ---- on every worker */

struct round {
    sm_worker_task *run;
    void *context;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned left; /* guarded by mutex */
};

static void run_round(struct sm_worker *worker, void *context)
{
    struct round *round = context;
    round->run(worker, round->context);
    pthread_mutex_lock(&round->mutex);
    if (--round->left == 0)
        pthread_cond_signal(&round->changed);
    pthread_mutex_unlock(&round->mutex);
}

void sm_workers_run_on_all(struct sm_workers *workers, sm_worker_task *run, void *context)
{
    struct round round = {.run = run, .context = context, .left = workers->count};
    pthread_mutex_init(&round.mutex, NULL);
    pthread_cond_init(&round.changed, NULL);
    for (unsigned i = 0; i < workers->count; i++)
        sm_worker_post(&workers->workers[i], run_round, &round);
    pthread_mutex_lock(&round.mutex);
    while (round.left > 0)
        pthread_cond_wait(&round.changed, &round.mutex);
    pthread_mutex_unlock(&round.mutex);
    pthread_cond_destroy(&round.changed);
    pthread_mutex_destroy(&round.mutex);
}

/* ---- life */

static bool worker_init(struct sm_worker *worker, struct sm_workers *set, int index, struct sm_error *error)
{
    worker->set = set;
    worker->index = index;
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->wake_fd < 0)
        return sm_error_set_errno(error, errno, "worker %d: eventfd", index);
    struct event_config *config = event_config_new();
    if (!config)
        sm_out_of_memory(sizeof(void *));
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    worker->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!worker->base)
        return sm_error_set(error, SM_ERROR_IO, "worker %d: cannot make an event loop", index);
    worker->wake_event = event_new(worker->base, worker->wake_fd, EV_READ | EV_PERSIST, on_wake, worker);
    if (!worker->wake_event || event_add(worker->wake_event, NULL) != 0)
        return sm_error_set(error, SM_ERROR_IO, "worker %d: cannot watch its event descriptor", index);
    return true;
}

static void worker_deinit(struct sm_worker *worker)
{
    if (worker->wake_event)
        event_free(worker->wake_event);
    if (worker->base)
        event_base_free(worker->base);
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    free(worker->scratch);
}

static void *run_worker(void *context)
{
    struct sm_worker *worker = context;
    current_worker = worker;
    while (!worker->is_stopping && event_base_loop(worker->base, EVLOOP_NO_EXIT_ON_EMPTY) == 0)
        continue;
    current_worker = NULL;
    return NULL;
}

static void stop_loop(struct sm_worker *worker, void *context)
{
    (void)context;
    worker->is_stopping = true;
    event_base_loopbreak(worker->base);
}

struct sm_workers *sm_workers_create(unsigned count, struct sm_error *error)
{
    assert(count <= SM_WORKER_COUNT_MAX);
    size_t size = sizeof(struct sm_workers) + count * sizeof(struct sm_worker);
    struct sm_workers *workers = aligned_alloc(CACHE_LINE_BYTES, size);
    if (!workers)
        sm_out_of_memory(size);
    *workers = (struct sm_workers){.count = count, .main_worker = {.wake_fd = -1}};
    for (unsigned i = 0; i < count; i++)
        workers->workers[i] = (struct sm_worker){.wake_fd = -1};
    /* A peer that went away is seen as EPIPE where we write. */
    signal(SIGPIPE, SIG_IGN);
    bool ok = worker_init(&workers->main_worker, workers, SM_WORKER_MAIN, error);
    for (unsigned i = 0; ok && i < count; i++)
        ok = worker_init(&workers->workers[i], workers, (int)i, error);
    if (!ok) {
        sm_workers_free(workers);
        return NULL;
    }
    current_worker = &workers->main_worker;
    return workers;
}

void sm_workers_start(struct sm_workers *workers)
{
    /* Signals are the main thread's: threads inherit the mask that they are made with. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < workers->count; i++) {
        struct sm_worker *worker = &workers->workers[i];
        if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0)
            sm_out_of_memory(0);
        worker->is_running = true;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Runs what was posted to workers whose thread has ended, in their name, until nothing is left anywhere: the last tasks of one may post to another.
 */
static void run_remaining_tasks(struct sm_workers *workers)
{
    bool had_tasks;
    do {
        current_worker = &workers->main_worker;
        had_tasks = run_tasks(&workers->main_worker);
        for (unsigned i = 0; i < workers->count; i++) {
            current_worker = &workers->workers[i];
            had_tasks |= run_tasks(&workers->workers[i]);
        }
    } while (had_tasks);
    current_worker = NULL;
}

void sm_workers_free(struct sm_workers *workers)
{
    if (!workers)
        return;
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->workers[i].is_running)
            sm_worker_post(&workers->workers[i], stop_loop, NULL);
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->workers[i].is_running)
            pthread_join(workers->workers[i].thread, NULL);
    run_remaining_tasks(workers);
    for (unsigned i = 0; i < workers->count; i++)
        worker_deinit(&workers->workers[i]);
    worker_deinit(&workers->main_worker);
    free(workers);
}

unsigned sm_workers_count(const struct sm_workers *workers)
{
    return workers->count;
}

struct sm_worker *sm_workers_get(struct sm_workers *workers, unsigned index)
{
    assert(index < workers->count);
    return &workers->workers[index];
}

struct sm_worker *sm_workers_main(struct sm_workers *workers)
{
    return &workers->main_worker;
}

void sm_workers_run_main(struct sm_workers *workers)
{
    struct sm_worker *worker = &workers->main_worker;
    sm_worker_assert(worker);
    worker->is_stopping = false;
    while (!worker->is_stopping && event_base_loop(worker->base, EVLOOP_NO_EXIT_ON_EMPTY) == 0)
        continue;
}

void sm_workers_stop_main(struct sm_workers *workers)
{
    /* As a task, so that what was posted before still runs, and so that it works from any thread. */
    sm_worker_post(&workers->main_worker, stop_loop, NULL);
}

/* ---- one worker */

int sm_worker_index(const struct sm_worker *worker)
{
    return worker->index;
}

struct sm_workers *sm_worker_set(const struct sm_worker *worker)
{
    return worker->set;
}

struct event_base *sm_worker_event_base(struct sm_worker *worker)
{
    return worker->base;
}

struct sm_worker *sm_worker_current(void)
{
    return current_worker;
}

void sm_worker_assert(const struct sm_worker *worker)
{
    assert(worker == current_worker);
    (void)worker;
}

char *sm_worker_scratch(struct sm_worker *worker)
{
    sm_worker_assert(worker);
    if (!worker->scratch) {
        /* Not sm_alloc: pages that no connection ever fills should not become resident by zeroing them. */
        worker->scratch = malloc(SM_WORKER_SCRATCH_BYTES);
        if (!worker->scratch)
            sm_out_of_memory(SM_WORKER_SCRATCH_BYTES);
    }
    return worker->scratch;
}

/* ---- timers */

static void set_timeout(struct sm_timer *timer, uint64_t after_ns)
{
    struct timeval after = {.tv_sec = (time_t)(after_ns / SM_NS_PER_S), .tv_usec = (suseconds_t)(after_ns % SM_NS_PER_S / 1000)};
    event_add(timer->event, &after);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct sm_timer *timer = context;
    if (timer->period_ns)
        set_timeout(timer, timer->period_ns);
    timer->run(timer->worker, timer->context); /* may free the timer */
}

struct sm_timer *sm_timer_create(struct sm_worker *worker, sm_worker_task *run, void *context)
{
    sm_worker_assert(worker);
    struct sm_timer *timer = sm_alloc(1, sizeof(*timer));
    *timer = (struct sm_timer){.worker = worker, .run = run, .context = context};
    timer->event = evtimer_new(worker->base, on_timer, timer);
    if (!timer->event)
        sm_out_of_memory(sizeof(*timer));
    return timer;
}

void sm_timer_arm(struct sm_timer *timer, uint64_t after_ns, bool repeat)
{
    sm_worker_assert(timer->worker);
    timer->period_ns = repeat ? after_ns : 0;
    if (after_ns)
        set_timeout(timer, after_ns);
    else
        event_del(timer->event);
}

void sm_timer_disarm(struct sm_timer *timer)
{
    sm_worker_assert(timer->worker);
    timer->period_ns = 0;
    event_del(timer->event);
}

void sm_timer_free(struct sm_timer *timer)
{
    if (!timer)
        return;
    sm_worker_assert(timer->worker);
    event_free(timer->event);
    free(timer);
}

/* ---- load */

void sm_worker_add_load(struct sm_worker *worker, int more)
{
    atomic_fetch_add_explicit(&worker->load, more, memory_order_relaxed);
}

struct sm_worker *sm_workers_least_loaded(struct sm_workers *workers)
{
    if (workers->count == 0)
        return &workers->main_worker;
    struct sm_worker *least = &workers->workers[0];
    int least_load = atomic_load_explicit(&least->load, memory_order_relaxed);
    for (unsigned i = 1; i < workers->count; i++) {
        int load = atomic_load_explicit(&workers->workers[i].load, memory_order_relaxed);
        if (load < least_load) {
            least = &workers->workers[i];
            least_load = load;
        }
    }
    return least;
}
