/* api_key.c - asks Datadog whether the API key is valid; see exporter.h. Source: datadogexporter internal/clientutil/api.go. */
#include "exporters/datadog/exporter.h"

#include <jansson.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/worker.h"

enum verdict { VERDICT_VALID, VERDICT_INVALID, VERDICT_UNKNOWN };

/* The start waits for the answer, and so does everything that the main worker does. */
#define TIMEOUT_MAX_NS (10 * SM_NS_PER_S)

static const char invalid_key[] = "API Key validation failed";

struct sm_datadog_intake *sm_datadog_validation_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                       struct sm_error *error)
{
    const struct sm_datadog_intake_settings settings = {
        .what = "API key validation",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = "Accept: application/json\r\n",
        .is_question = true,
        .method = SM_SLICE("GET"),
        .retries = SM_DATADOG_RETRIES_AGENT,
        .timeout_max_ns = TIMEOUT_MAX_NS,
        .logger = logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", "/api/v1/validate"), &settings, error);
}

/* {"valid": true} */
static bool says_valid(struct sm_slice body)
{
    json_t *root = json_loadb(body.ptr ? body.ptr : "", body.size, 0, NULL);
    bool is_valid = json_is_true(json_object_get(root, "valid"));
    json_decref(root);
    return is_valid;
}

static enum verdict judge(const struct sm_datadog_answer *answer)
{
    if (answer->status == 403)
        return VERDICT_INVALID;
    if (!answer->is_accepted)
        return VERDICT_UNKNOWN;
    return says_valid(answer->body) ? VERDICT_VALID : VERDICT_INVALID;
}

static void log_verdict(const struct sm_logger *logger, enum verdict verdict, const struct sm_datadog_answer *answer)
{
    if (verdict == VERDICT_VALID)
        sm_log(SM_LOG_INFO, logger, "API key validation successful.");
    else if (verdict == VERDICT_INVALID)
        sm_log(SM_LOG_WARN, logger, invalid_key);
    else
        sm_log(SM_LOG_WARN, logger, "Error while validating API key", SM_LOG_INT("status", answer->status), SM_LOG_STR("error", answer->failure));
}

/* ---- without waiting */

static void on_answer(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    const struct sm_datadog_exporter *exporter = context;
    (void)worker;
    log_verdict(&exporter->component->logger, judge(answer), answer);
}

void sm_datadog_validate_key(struct sm_datadog_exporter *exporter, struct sm_datadog_lane *lane)
{
    sm_log(SM_LOG_INFO, &exporter->component->logger, "Validating API key.");
    sm_datadog_lane_stop_retries(lane);
    sm_datadog_lane_post(lane, NULL, on_answer, exporter);
}

/* ---- with the main worker waiting */

struct check {
    struct sm_datadog_exporter *exporter;
    struct sm_datadog_lane *lane; /* the worker's */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
    enum verdict verdict;
};

static void free_lane(struct sm_worker *worker, void *context)
{
    struct check *check = context;
    (void)worker;
    sm_datadog_lane_free(check->lane);
    pthread_mutex_lock(&check->lock);
    check->has_ended = true;
    pthread_cond_signal(&check->ended);
    pthread_mutex_unlock(&check->lock);
}

static void on_check(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    struct check *check = context;
    check->verdict = judge(answer);
    log_verdict(&check->exporter->component->logger, check->verdict, answer);
    sm_worker_post(worker, free_lane, check); /* not from inside a callback of the lane */
}

static void ask(struct sm_worker *worker, void *context)
{
    struct check *check = context;
    check->lane = sm_datadog_lane_create(check->exporter->validation, worker);
    sm_log(SM_LOG_INFO, &check->exporter->component->logger, "Validating API key.");
    sm_datadog_lane_stop_retries(check->lane);
    sm_datadog_lane_post(check->lane, NULL, on_check, check);
}

bool sm_datadog_check_key(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    struct check check = {.exporter = exporter, .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    sm_worker_post(sm_workers_get(exporter->component->workers, 0), ask, &check);
    pthread_mutex_lock(&check.lock);
    while (!check.has_ended)
        pthread_cond_wait(&check.ended, &check.lock);
    pthread_mutex_unlock(&check.lock);
    return check.verdict != VERDICT_INVALID || sm_error_set(error, SM_ERROR_USAGE, invalid_key);
}
