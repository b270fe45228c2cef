/* intake.h - posts packed bodies to one URL of Datadog's, and tries again what did not get through.
 *
 * An intake is made once for an instance; every worker has a lane of its own: its connections, and the posts under way there. A body is packed
 * already. The API key goes with every request and is never shown. Source: datadog-agent pkg/trace/writer/sender.go (traces, stats); datadogexporter
 * internal/clientutil (the API). */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "exporters/datadog/options.h"

struct sm_logger;
struct sm_worker;

enum sm_datadog_retries {
    SM_DATADOG_RETRIES_AGENT, /* no answer, 408 and 5xx; four tries in all, up to 10 s apart */
    SM_DATADOG_RETRIES_API,   /* everything but 400, 403, 404 and 413; as retry_on_failure says */
    SM_DATADOG_RETRIES_ALL,   /* everything; as retry_on_failure says */
    SM_DATADOG_RETRIES_LOGS,  /* everything but 400, 401, 403 and 413; for ever, up to 120 s apart */
};

struct sm_datadog_intake_settings {
    const char *what;                                       /* constant: "trace payload", for the log */
    const char *user_agent;                                 /* borrowed */
    const char *headers;                                    /* constant: further lines, each with its CRLF; "" for none */
    bool is_key_in_url;                                     /* the API key goes as a parameter, not as a header */
    bool is_question;                                       /* nothing is lost when it fails, and who asks tells what became of it */
    struct sm_slice method, content_type, content_encoding; /* constant */
    enum sm_datadog_retries retries;
    uint64_t timeout_max_ns;        /* whatever the option `timeout` says; 0: that alone counts */
    const struct sm_logger *logger; /* borrowed */
};

struct sm_datadog_intake;
/* Takes `url`, also when it fails. `options` are borrowed. */
struct sm_datadog_intake *sm_datadog_intake_create(const struct sm_datadog_exporter_options *options, char *url,
                                                   const struct sm_datadog_intake_settings *settings, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_datadog_intake_free(struct sm_datadog_intake *intake); /* after its lanes; NULL is allowed */

/* What `options` were. */
const struct sm_datadog_exporter_options *sm_datadog_intake_options(const struct sm_datadog_intake *intake);

struct sm_datadog_lane;
struct sm_datadog_lane *sm_datadog_lane_create(struct sm_datadog_intake *intake, struct sm_worker *worker)
    __attribute__((returns_nonnull, warn_unused_result));
/* Posts that are under way end, and nobody is told. NULL is allowed. */
void sm_datadog_lane_free(struct sm_datadog_lane *lane);

enum { SM_DATADOG_LANE_POSTS_MAX = 5 };
size_t sm_datadog_lane_count(const struct sm_datadog_lane *lane); /* posts under way, those that wait for their next try included */
static inline bool sm_datadog_lane_has_room(const struct sm_datadog_lane *lane)
{
    return sm_datadog_lane_count(lane) < SM_DATADOG_LANE_POSTS_MAX;
}

struct sm_datadog_answer {
    bool is_accepted;
    int status;          /* 0: no answer */
    const char *failure; /* why there is none, for the log; borrowed for the call; NULL: there is an answer, or it was given up */
    struct sm_slice body;
};
typedef void sm_datadog_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context);
/* Takes the bytes of `body` (on the heap). `posted` (may be NULL) is called once, never before this returns, unless the lane is freed before. */
void sm_datadog_lane_post(struct sm_datadog_lane *lane, struct sm_bytes *body, sm_datadog_posted *posted, void *context);
/* From now on nothing is tried again: what waits for that ends. */
void sm_datadog_lane_stop_retries(struct sm_datadog_lane *lane);
