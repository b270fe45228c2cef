/* intake.c - see intake.h. A lane is touched by its worker only. */
#include "exporters/datadog/intake.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/http_client.h"
#include "pipeline/worker.h"

enum { AGENT_TRIES = 4, STATUS_LIST_MAX = 4 };
#define AGENT_WAIT_BASE_NS (100 * SM_NS_PER_MS)
#define AGENT_WAIT_MAX_NS (10 * SM_NS_PER_S)
#define LOGS_WAIT_BASE_NS (1 * SM_NS_PER_S)
#define LOGS_WAIT_MAX_NS (120 * SM_NS_PER_S)

struct sm_datadog_intake {
    const struct sm_datadog_exporter_options *options;
    struct sm_datadog_intake_settings settings;
    char *url, *key_header;        /* owned */
    char *full_url;                /* owned; with the API key, if it goes there: never shown */
    struct sm_http_client *client; /* owned */
};

struct post {
    struct post *next;
    struct sm_datadog_lane *lane;
    struct sm_bytes body; /* owned */
    struct iovec piece;
    unsigned tries;
    uint64_t first_ns;      /* when it was tried first */
    struct sm_timer *timer; /* owned; waits for the next try */
    bool is_waiting;
    sm_datadog_posted *posted;
    void *context;
};

struct sm_datadog_lane {
    const struct sm_datadog_intake *intake;
    struct sm_worker *worker;
    struct sm_http_channel *channel; /* owned */
    struct post *posts;              /* owned */
    size_t count;
    bool has_stopped_retries, is_ending;
};

/* ---- life */

/* The API key between other texts. The caller frees it. */
static char *surround_key(const char *first, const char *second, const struct sm_datadog_exporter_options *options, const char *last)
{
    struct sm_slice key = sm_datadog_api_key(options);
    size_t size = strlen(first) + strlen(second) + key.size + strlen(last) + 1;
    char *text = sm_alloc(size, 1);
    snprintf(text, size, "%s%s%.*s%s", first, second, SM_SLICE_ARGS(key), last);
    return text;
}

struct sm_datadog_intake *sm_datadog_intake_create(const struct sm_datadog_exporter_options *options, char *url,
                                                   const struct sm_datadog_intake_settings *settings, struct sm_error *error)
{
    struct sm_datadog_intake *intake = sm_alloc(1, sizeof(*intake));
    *intake = (struct sm_datadog_intake){.options = options, .settings = *settings, .url = url};
    intake->key_header = settings->is_key_in_url ? NULL : surround_key("DD-Api-Key", ": ", options, "\r\n");
    intake->full_url = settings->is_key_in_url ? surround_key(url, "?api_key=", options, "") : sm_strdup(url);
    intake->client = sm_http_client_create(&options->client, intake->full_url, settings->user_agent, error);
    if (intake->client)
        return intake;
    sm_datadog_intake_free(intake);
    return NULL;
}

void sm_datadog_intake_free(struct sm_datadog_intake *intake)
{
    if (!intake)
        return;
    sm_http_client_free(intake->client);
    free(intake->key_header);
    free(intake->full_url);
    free(intake->url);
    free(intake);
}

const struct sm_datadog_exporter_options *sm_datadog_intake_options(const struct sm_datadog_intake *intake)
{
    return intake->options;
}

struct sm_datadog_lane *sm_datadog_lane_create(struct sm_datadog_intake *intake, struct sm_worker *worker)
{
    struct sm_datadog_lane *lane = sm_alloc(1, sizeof(*lane));
    *lane = (struct sm_datadog_lane){.intake = intake, .worker = worker, .channel = sm_http_channel_create(intake->client, worker)};
    return lane;
}

size_t sm_datadog_lane_count(const struct sm_datadog_lane *lane)
{
    return lane->count;
}

/* ---- posts */

static void end_post(struct post *post, const struct sm_datadog_answer *answer)
{
    struct sm_datadog_lane *lane = post->lane;
    struct post **link = &lane->posts;
    while (*link != post)
        link = &(*link)->next;
    *link = post->next;
    lane->count--;
    sm_datadog_posted *posted = lane->is_ending ? NULL : post->posted;
    void *context = post->context;
    sm_timer_free(post->timer);
    sm_bytes_deinit(&post->body);
    free(post);
    if (posted)
        posted(lane->worker, answer, context);
}

/* A random number from 0 to below 1. */
static double chance(void)
{
    static __thread uint64_t state;
    if (!state)
        state = sm_clock_mono_ns() | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / (double)(UINT64_C(1) << 53);
}

static bool is_passing(enum sm_datadog_retries retries, int status)
{
    static const int final[][STATUS_LIST_MAX] = {
        [SM_DATADOG_RETRIES_API] = {400, 403, 404, 413}, [SM_DATADOG_RETRIES_ALL] = {0}, [SM_DATADOG_RETRIES_LOGS] = {400, 401, 403, 413}};
    if (status == 0)
        return true;
    if (retries == SM_DATADOG_RETRIES_AGENT)
        return status == 408 || status / 100 == 5;
    for (int i = 0; i < STATUS_LIST_MAX; i++)
        if (status == final[retries][i])
            return false;
    return true;
}

static uint64_t agent_wait(const struct post *post)
{
    if (post->tries >= AGENT_TRIES)
        return UINT64_MAX;
    double longest = (double)AGENT_WAIT_BASE_NS * pow(2, post->tries);
    return (uint64_t)(chance() * (longest < (double)AGENT_WAIT_MAX_NS ? longest : (double)AGENT_WAIT_MAX_NS));
}

/* Between the half and the whole of twice the last one. */
static uint64_t logs_wait(const struct post *post)
{
    enum { DOUBLINGS_MAX = 7 };
    double longest = (double)LOGS_WAIT_BASE_NS * pow(2, post->tries < DOUBLINGS_MAX ? post->tries : DOUBLINGS_MAX);
    longest = longest < (double)LOGS_WAIT_MAX_NS ? longest : (double)LOGS_WAIT_MAX_NS;
    return (uint64_t)(longest / 2 * (1 + chance()));
}

/* The factor and the randomness are the reference's own: it does not take those of the options. */
static uint64_t api_wait(const struct post *post)
{
    const struct sm_export_retry_options *retry = &post->lane->intake->options->retry_on_failure;
    const double factor = 1.5, spread = 0.5;
    if (!retry->enabled)
        return UINT64_MAX;
    double wait = (double)retry->initial_interval_ns * pow(factor, post->tries - 1);
    if (wait > (double)retry->max_interval_ns)
        wait = (double)retry->max_interval_ns;
    wait *= 1 - spread + 2 * spread * chance();
    double elapsed = (double)(sm_clock_mono_ns() - post->first_ns) + wait;
    return retry->max_elapsed_time_ns && elapsed > (double)retry->max_elapsed_time_ns ? UINT64_MAX : (uint64_t)wait;
}

static void send_post(struct post *post);

static void try_again(struct sm_worker *worker, void *context)
{
    struct post *post = context;
    (void)worker;
    post->is_waiting = false;
    send_post(post);
}

static void log_drop(const struct post *post, const struct sm_http_answer *answer, bool is_retriable)
{
    const struct sm_datadog_intake *intake = post->lane->intake;
    enum { TEXT_MAX = 256, UNAUTHORIZED = 401, FORBIDDEN = 403 };
    bool is_key_refused = !answer->failure && (answer->status == UNAUTHORIZED || answer->status == FORBIDDEN);
    const char *message = is_key_refused ? "Dropping payload, it was refused: check the API key and the site"
                          : is_retriable ? "Dropping payload, it was tried in vain"
                                         : "Dropping payload, it was refused";
    char reason[64];
    snprintf(reason, sizeof(reason), "HTTP status %d", answer->status);
    sm_log(SM_LOG_WARN, intake->settings.logger, message, SM_LOG_STR("payload", intake->settings.what), SM_LOG_STR("url", intake->url),
           SM_LOG_INT("tries", post->tries), SM_LOG_STR("error", answer->failure ? answer->failure : reason),
           SM_LOG_SLICE("answer", sm_slice_make(answer->body.ptr, answer->body.size < TEXT_MAX ? answer->body.size : TEXT_MAX)),
           SM_LOG_INT("bytes", post->body.size));
}

static void on_answer(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    struct post *post = context;
    struct sm_datadog_lane *lane = post->lane;
    enum sm_datadog_retries retries = lane->intake->settings.retries;
    struct sm_datadog_answer end = {.failure = answer->failure};
    if (!answer->failure) {
        end.status = answer->status;
        end.body = answer->body;
    }
    post->tries++;
    end.is_accepted = end.status / 100 == 2;
    bool is_retriable = !end.is_accepted && is_passing(retries, end.status);
    uint64_t wait_ns = UINT64_MAX;
    if (is_retriable && !lane->has_stopped_retries)
        wait_ns = retries == SM_DATADOG_RETRIES_AGENT ? agent_wait(post) : retries == SM_DATADOG_RETRIES_LOGS ? logs_wait(post) : api_wait(post);
    if (wait_ns == UINT64_MAX) {
        if (!end.is_accepted && !lane->intake->settings.is_question)
            log_drop(post, answer, is_retriable);
        end_post(post, &end);
        return;
    }
    /* Those that are tried for ever are told once each: nobody would know otherwise. */
    sm_log(retries == SM_DATADOG_RETRIES_LOGS && post->tries == 1 ? SM_LOG_WARN : SM_LOG_DEBUG, lane->intake->settings.logger,
           "Request failed, it will be tried again", SM_LOG_STR("url", lane->intake->url), SM_LOG_INT("status", end.status),
           SM_LOG_STR("error", answer->failure), SM_LOG_NS("interval", wait_ns));
    if (!post->timer)
        post->timer = sm_timer_create(worker, try_again, post);
    post->is_waiting = true;
    sm_timer_arm(post->timer, wait_ns ? wait_ns : 1, false);
}

/* 0: none */
static uint64_t timeout_of(const struct sm_datadog_intake *intake)
{
    uint64_t timeout_ns = intake->options->timeout_ns, max_ns = intake->settings.timeout_max_ns;
    return max_ns && (timeout_ns == 0 || timeout_ns > max_ns) ? max_ns : timeout_ns;
}

static void send_post(struct post *post)
{
    const struct sm_datadog_intake *intake = post->lane->intake;
    uint64_t timeout_ns = timeout_of(intake);
    post->piece = (struct iovec){.iov_base = post->body.ptr, .iov_len = post->body.size};
    struct sm_http_call_options call = {
        .method = intake->settings.method,
        .content_type = intake->settings.content_type,
        .content_encoding = intake->settings.content_encoding,
        .more_headers = sm_slice_of(intake->settings.headers),
        .secret_headers = sm_slice_of(intake->key_header),
        .body = &post->piece,
        .body_count = post->body.size ? 1 : 0,
        .deadline_ns = timeout_ns ? sm_clock_mono_ns() + timeout_ns : UINT64_MAX,
    };
    sm_http_channel_send(post->lane->channel, &call, on_answer, post);
}

void sm_datadog_lane_post(struct sm_datadog_lane *lane, struct sm_bytes *body, sm_datadog_posted *posted, void *context)
{
    struct post *post = sm_alloc(1, sizeof(*post));
    *post = (struct post){.next = lane->posts, .lane = lane, .posted = posted, .context = context, .first_ns = sm_clock_mono_ns()};
    if (body) {
        post->body = *body;
        sm_bytes_init(body, NULL);
    }
    lane->posts = post;
    lane->count++;
    send_post(post);
}

static void log_given_up(const struct post *post)
{
    const struct sm_datadog_intake *intake = post->lane->intake;
    sm_log(SM_LOG_WARN, intake->settings.logger, "Dropping payload, the exporter stops before its next try",
           SM_LOG_STR("payload", intake->settings.what), SM_LOG_STR("url", intake->url), SM_LOG_INT("tries", post->tries),
           SM_LOG_INT("bytes", post->body.size));
}

void sm_datadog_lane_stop_retries(struct sm_datadog_lane *lane)
{
    const struct sm_datadog_answer none = {0};
    lane->has_stopped_retries = true;
    for (struct post *post = lane->posts; post;) {
        if (!post->is_waiting) {
            post = post->next;
            continue;
        }
        log_given_up(post);
        end_post(post, &none);
        post = lane->posts; /* what `posted` did may have changed the list */
    }
}

void sm_datadog_lane_free(struct sm_datadog_lane *lane)
{
    if (!lane)
        return;
    lane->is_ending = true;
    sm_datadog_lane_stop_retries(lane);
    sm_http_channel_free(lane->channel); /* ends what is under way */
    free(lane);
}
