/* send.c - spanmill send: example traces to an OTLP endpoint, so that nobody needs another program to see a collector work.
 * "http://host:port" goes over HTTP, "host:port" over gRPC. One request at a time, on the main worker's loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/example_trace.h"
#include "cli/flags.h"
#include "net/grpc_client.h"
#include "net/http_client.h"
#include "pipeline/worker.h"

static const char USER_AGENT[] = "spanmill/" SPANMILL_VERSION;
static const uint64_t REQUEST_LIMIT_NS = 10 * SM_NS_PER_S;
enum { COUNT_MAX = 1000000000 };

struct sending {
    struct sm_workers *workers;
    struct sm_worker *worker;
    struct sm_timer *timer; /* owned: the next request */
    const char *endpoint;
    uint64_t count, sent, seed, interval_ns;
    struct sm_http_client *http; /* owned; NULL: gRPC */
    struct sm_http_channel *http_channel;
    struct sm_grpc_client *grpc; /* owned; NULL: HTTP */
    struct sm_grpc_channel *grpc_channel;
    struct sm_http_client_options http_options;
    struct sm_grpc_client_options grpc_options;
    struct sm_bytes url, body;
    struct sm_arena arena; /* of the options */
    unsigned span_count, failed_trace_count;
    char failure[512];
};

static void request_done(struct sending *sending)
{
    if (!sending->failure[0] && ++sending->sent < sending->count) {
        sm_timer_arm(sending->timer, sending->interval_ns ? sending->interval_ns : 1, false);
        return;
    }
    sm_workers_stop_main(sending->workers);
}

static void on_http_answer(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    (void)worker;
    struct sending *sending = context;
    if (answer->failure)
        snprintf(sending->failure, sizeof(sending->failure), "%s", answer->failure);
    else if (answer->status != 200)
        snprintf(sending->failure, sizeof(sending->failure), "%s answered with HTTP status %d", sending->endpoint, answer->status);
    request_done(sending);
}

static void on_grpc_answer(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context)
{
    (void)worker;
    struct sending *sending = context;
    if (answer->code != SM_RPC_OK)
        snprintf(sending->failure, sizeof(sending->failure), "%s answered with gRPC code %d: %.*s", sending->endpoint, (int)answer->code,
                 SM_SLICE_ARGS(answer->message));
    request_done(sending);
}

static void send_next(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sending *sending = context;
    bool is_failed;
    sending->body.size = 0;
    sending->span_count += sm_example_trace_append(&sending->body, sending->sent, sending->seed, sm_clock_wall_ns(), &is_failed);
    sending->failed_trace_count += is_failed;
    const struct iovec body = {.iov_base = sending->body.ptr, .iov_len = sending->body.size};
    uint64_t deadline_ns = sm_clock_mono_ns() + REQUEST_LIMIT_NS;
    if (sending->http) {
        const struct sm_http_call_options options = {.method = SM_SLICE("POST"),
                                                     .content_type = SM_SLICE("application/x-protobuf"),
                                                     .body = &body,
                                                     .body_count = 1,
                                                     .deadline_ns = deadline_ns};
        sm_http_channel_send(sending->http_channel, &options, on_http_answer, sending);
        return;
    }
    const struct sm_grpc_call_options options = {.path = SM_SLICE("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
                                                 .message = &body,
                                                 .message_count = 1,
                                                 .deadline_ns = deadline_ns};
    sm_grpc_channel_call(sending->grpc_channel, &options, on_grpc_answer, sending);
}

static bool open_client(struct sending *sending, struct sm_error *error)
{
    if (strncmp(sending->endpoint, "http://", 7) == 0) {
        size_t length = strlen(sending->endpoint);
        bool has_path = strchr(sending->endpoint + 7, '/') && sending->endpoint[length - 1] != '/';
        sm_bytes_printf(&sending->url, "%.*s%s", (int)(length - (sending->endpoint[length - 1] == '/')), sending->endpoint,
                        has_path ? "" : "/v1/traces");
        sm_options_fill_defaults(sm_http_client_option_table, &sending->http_options, sizeof(sending->http_options), &sending->arena);
        sending->http = sm_http_client_create(&sending->http_options, sm_bytes_cstr(&sending->url), USER_AGENT, error);
        sending->http_channel = sending->http ? sm_http_channel_create(sending->http, sending->worker) : NULL;
        return sending->http != NULL;
    }
    sm_options_fill_defaults(sm_grpc_client_option_table, &sending->grpc_options, sizeof(sending->grpc_options), &sending->arena);
    sending->grpc_options.endpoint = sending->endpoint;
    sending->grpc_options.compression = 0;
    sending->grpc_options.tls.insecure = true;
    sending->grpc = sm_grpc_client_create(sending->workers, &sending->grpc_options, USER_AGENT, error);
    sending->grpc_channel = sending->grpc ? sm_grpc_channel_create(sending->grpc, sending->worker) : NULL;
    return sending->grpc != NULL;
}

static void close_client(struct sending *sending)
{
    if (sending->http_channel)
        sm_http_channel_free(sending->http_channel);
    sm_http_client_free(sending->http);
    if (sending->grpc_channel)
        sm_grpc_channel_free(sending->grpc_channel);
    sm_grpc_client_free(sending->grpc);
    sm_timer_free(sending->timer);
    sm_bytes_deinit(&sending->url);
    sm_bytes_deinit(&sending->body);
    sm_arena_deinit(&sending->arena);
}

static int report(const struct sending *sending)
{
    if (sending->failure[0]) {
        sm_cli_fail("%s", sending->failure);
        fputs("Is a collector running there? Start one with 'spanmill run --config examples/quickstart.yaml'.\n", stderr);
        return 1;
    }
    printf("Sent %llu trace%s (%u spans of 5 services, %u failed at the payment) to %s.\n", (unsigned long long)sending->sent,
           sending->sent == 1 ? "" : "s", sending->span_count, sending->failed_trace_count, sending->endpoint);
    return 0;
}

static bool read_number(const char *text, double limit, double *number)
{
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return errno == 0 && *text && !*end && *number > 0 && *number <= limit;
}

static int print_help(const struct sm_flag *flags, size_t count)
{
    puts("Sends example traces of a small shop: 9 spans of 5 services each, some of which fail at the payment.\n\n"
         "Usage:\n  spanmill send [flags]\n\nFlags:");
    sm_flags_print(flags, count);
    puts("\nExamples:\n"
         "  spanmill send --count 200 --rate 20                  ten seconds of traffic for 'spanmill top'\n"
         "  spanmill send --endpoint http://127.0.0.1:4318       one trace over HTTP");
    return 0;
}

/* False after an error, which has been told. */
static bool read_numbers(struct sending *sending, const char *count, const char *rate)
{
    double number;
    if (!read_number(count, COUNT_MAX, &number) || number < 1)
        return sm_cli_fail("--count: %s is not a number of traces from 1 to %d", count, COUNT_MAX) == 0;
    sending->count = (uint64_t)number;
    if (rate && !read_number(rate, 1e6, &number))
        return sm_cli_fail("--rate: %s is not a number of traces a second, more than 0 and at most 1000000", rate) == 0;
    sending->interval_ns = rate ? (uint64_t)(1e9 / number) : 0;
    return true;
}

int sm_cli_send(int argc, char **argv)
{
    struct sending sending = {.endpoint = "127.0.0.1:4317", .seed = sm_clock_wall_ns()};
    const char *count = "1", *rate = NULL;
    bool wants_help = false;
    const struct sm_flag flags[] = {
        {.name = "endpoint", .value = "ADDRESS", .help = "host:port for gRPC (127.0.0.1:4317), http://host:port for HTTP", .text = &sending.endpoint},
        {.name = "count", .value = "N", .help = "how many traces (1)", .text = &count},
        {.name = "rate", .value = "N", .help = "traces a second (as fast as they are taken)", .text = &rate},
        {.name = "help", .letter = 'h', .help = "this text", .is_set = &wants_help},
    };
    enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };
    struct sm_error error = {0};
    if (!sm_flags_read(flags, FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (wants_help)
        return print_help(flags, FLAG_COUNT);
    if (!read_numbers(&sending, count, rate))
        return 1;
    sending.workers = sm_workers_create(0, &error);
    if (!sending.workers)
        return sm_cli_fail("%s", error.text);
    sending.worker = sm_workers_main(sending.workers);
    int status = 1;
    if (open_client(&sending, &error)) {
        sending.timer = sm_timer_create(sending.worker, send_next, &sending);
        sm_timer_arm(sending.timer, 1, false);
        sm_workers_run_main(sending.workers);
        status = report(&sending);
    } else {
        sm_cli_fail("%s", error.text);
    }
    close_client(&sending);
    sm_workers_free(sending.workers);
    return status;
}
