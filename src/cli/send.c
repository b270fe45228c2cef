/* send.c - spanmill send: example traces to an OTLP endpoint, so that nobody needs another program to see a collector work.
 * "http://host:port" and "https://host:port" go over HTTP, "host:port" over gRPC. One request at a time, on the main worker's loop. SIGINT ends it
 * with the report of what was sent. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/example_trace.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "net/grpc_client.h"
#include "net/http_client.h"
#include "pipeline/process_signal.h"
#include "pipeline/worker.h"

static const char USER_AGENT[] = "spanmill/" SPANMILL_VERSION;
static const uint64_t REQUEST_LIMIT_NS = 10 * SM_NS_PER_S;
static const uint64_t PROGRESS_NS = SM_NS_PER_S, PROGRESS_LINE_NS = 10 * SM_NS_PER_S; /* on a terminal, and in a log */
enum { COUNT_MAX = 1000000000, HTTP_UNAUTHORIZED = 401, HTTP_FORBIDDEN = 403 };

/* As the command line has it. */
struct send_flags {
    const char *endpoint, *count, *rate, *ca_file, *cert_file, *key_file, *server_name;
    struct sm_flag_values headers; /* NAME=VALUE */
    bool wants_tls, skips_verify, wants_help;
};

struct sending {
    struct sm_workers *workers;
    struct sm_worker *worker;
    struct sm_timer *timer; /* owned: the next request */
    const char *endpoint;
    uint64_t count, sent, seed, interval_ns;
    uint64_t begun_ns, progress_ns; /* sm_clock_mono_ns; when progress was told last */
    bool is_terminal;               /* progress overwrites itself */
    struct sm_http_client *http;    /* owned; NULL: gRPC */
    struct sm_http_channel *http_channel;
    struct sm_grpc_client *grpc; /* owned; NULL: HTTP */
    struct sm_grpc_channel *grpc_channel;
    struct sm_http_client_options http_options;
    struct sm_grpc_client_options grpc_options;
    struct sm_string_map headers; /* names and values in the arena */
    struct sm_bytes url, body;
    struct iovec piece;    /* the body, while it is sent */
    struct sm_arena arena; /* of the options */
    unsigned span_count, failed_trace_count;
    char failure[512];
    bool is_answered, is_refused; /* of the failure: something is there; it wants to know who sends */
};

/* Told to who waits for long; on a terminal in one line that the report replaces. */
static void tell_progress(struct sending *sending)
{
    uint64_t now_ns = sm_clock_mono_ns();
    if (now_ns - sending->progress_ns < (sending->is_terminal ? PROGRESS_NS : PROGRESS_LINE_NS))
        return;
    sending->progress_ns = now_ns;
    double rate = (double)sending->sent * 1e9 / (double)(now_ns - sending->begun_ns);
    fprintf(stderr, "%s%llu of %llu traces sent, %.0f a second%s", sending->is_terminal ? "\r" : "", (unsigned long long)sending->sent,
            (unsigned long long)sending->count, rate, sending->is_terminal ? " \x1b[K" : "\n");
}

static void on_interrupt(int number, void *context)
{
    (void)number;
    struct sending *sending = context;
    sm_workers_stop_main(sending->workers);
}

static void request_done(struct sending *sending)
{
    tell_progress(sending);
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
    sending->is_answered = !answer->failure;
    sending->is_refused = answer->status == HTTP_UNAUTHORIZED || answer->status == HTTP_FORBIDDEN;
    request_done(sending);
}

static void on_grpc_answer(struct sm_worker *worker, const struct sm_grpc_answer *answer, void *context)
{
    (void)worker;
    struct sending *sending = context;
    sending->is_answered = answer->is_reply;
    if (!sending->is_answered)
        snprintf(sending->failure, sizeof(sending->failure), "no answer from %s: %.*s", sending->endpoint, SM_SLICE_ARGS(answer->message));
    else if (answer->code != SM_RPC_OK)
        snprintf(sending->failure, sizeof(sending->failure), "%s answered with gRPC code %d: %.*s", sending->endpoint, (int)answer->code,
                 SM_SLICE_ARGS(answer->message));
    sending->is_refused = answer->code == SM_RPC_UNAUTHENTICATED || answer->code == SM_RPC_PERMISSION_DENIED;
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
    sending->piece = (struct iovec){.iov_base = sending->body.ptr, .iov_len = sending->body.size};
    uint64_t deadline_ns = sm_clock_mono_ns() + REQUEST_LIMIT_NS;
    if (sending->http) {
        const struct sm_http_call_options options = {.method = SM_SLICE("POST"),
                                                     .content_type = SM_SLICE("application/x-protobuf"),
                                                     .body = &sending->piece,
                                                     .body_count = 1,
                                                     .deadline_ns = deadline_ns};
        sm_http_channel_send(sending->http_channel, &options, on_http_answer, sending);
        return;
    }
    const struct sm_grpc_call_options options = {.path = SM_SLICE("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
                                                 .message = &sending->piece,
                                                 .message_count = 1,
                                                 .deadline_ns = deadline_ns};
    sm_grpc_channel_call(sending->grpc_channel, &options, on_grpc_answer, sending);
}

static void set_tls(struct sm_tls_client_options *tls, const struct send_flags *flags, bool is_on)
{
    tls->insecure = !is_on;
    tls->insecure_skip_verify = flags->skips_verify;
    tls->files.ca_file = flags->ca_file;
    tls->files.cert_file = flags->cert_file;
    tls->files.key_file = flags->key_file;
    tls->server_name_override = flags->server_name;
}

static bool open_http(struct sending *sending, const struct send_flags *flags, struct sm_error *error)
{
    const char *host = strstr(sending->endpoint, "://") + 3;
    size_t length = strlen(sending->endpoint);
    bool ends_with_slash = sending->endpoint[length - 1] == '/', has_path = strchr(host, '/') && !ends_with_slash;
    sm_bytes_printf(&sending->url, "%.*s%s", (int)(length - ends_with_slash), sending->endpoint, has_path ? "" : "/v1/traces");
    sm_options_fill_defaults(sm_http_client_option_table, &sending->http_options, sizeof(sending->http_options), &sending->arena);
    set_tls(&sending->http_options.tls, flags, strncmp(sending->endpoint, "https://", 8) == 0);
    sending->http_options.headers = sending->headers;
    sending->http = sm_http_client_create(&sending->http_options, sm_bytes_cstr(&sending->url), USER_AGENT, error);
    sending->http_channel = sending->http ? sm_http_channel_create(sending->http, sending->worker) : NULL;
    return sending->http != NULL;
}

static bool open_grpc(struct sending *sending, const struct send_flags *flags, struct sm_error *error)
{
    bool has_files = *flags->ca_file || *flags->cert_file || *flags->key_file;
    sm_options_fill_defaults(sm_grpc_client_option_table, &sending->grpc_options, sizeof(sending->grpc_options), &sending->arena);
    sending->grpc_options.endpoint = sending->endpoint;
    sending->grpc_options.compression = 0;
    sending->grpc_options.headers = sending->headers;
    set_tls(&sending->grpc_options.tls, flags, flags->wants_tls || flags->skips_verify || has_files);
    sending->grpc = sm_grpc_client_create(sending->workers, &sending->grpc_options, USER_AGENT, error);
    sending->grpc_channel = sending->grpc ? sm_grpc_channel_create(sending->grpc, sending->worker) : NULL;
    return sending->grpc != NULL;
}

static bool open_client(struct sending *sending, const struct send_flags *flags, struct sm_error *error)
{
    bool is_http = strncmp(sending->endpoint, "http://", 7) == 0 || strncmp(sending->endpoint, "https://", 8) == 0;
    const char *scheme_end = strstr(sending->endpoint, "://");
    bool is_unix = strncmp(sending->endpoint, "unix:", 5) == 0;
    if (scheme_end && ((!is_http && !is_unix) || !scheme_end[3]))
        return sm_error_set(error, SM_ERROR_USAGE, "--endpoint: %s is neither host:port nor http://host:port nor https://host:port",
                            sending->endpoint);
    if (is_http ? open_http(sending, flags, error) : open_grpc(sending, flags, error))
        return true;
    if (!is_http && error->option == &sending->grpc_options.endpoint)
        sm_error_set(error, SM_ERROR_USAGE, "--endpoint %s: write host:port for gRPC, or http://host:port", sending->endpoint);
    return false;
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
    if (sending->is_terminal && sending->progress_ns != sending->begun_ns)
        fputs("\r\x1b[K", stderr);
    if (sending->failure[0]) {
        sm_cli_fail("%s", sending->failure);
        if (strstr(sending->failure, "certificate not accepted"))
            fputs("Name who signed it with --ca-file, or take any certificate with --insecure-skip-verify.\n", stderr);
        else if (sending->is_refused)
            fputs("Give what the collector asks for with --header, for example --header \"Authorization=Bearer TOKEN\".\n", stderr);
        else if (sending->sent)
            fprintf(stderr, "%llu of %llu traces had been sent.\n", (unsigned long long)sending->sent, (unsigned long long)sending->count);
        else if (!sending->is_answered)
            fputs("Is a collector running there? Start one with 'spanmill run --config examples/quickstart.yaml'.\n", stderr);
        return 1;
    }
    printf("Sent %llu trace%s (%u spans of 5 services, %u failed at the payment) to %s.\n", (unsigned long long)sending->sent,
           sending->sent == 1 ? "" : "s", sending->span_count, sending->failed_trace_count, sending->endpoint);
    return sending->sent == sending->count ? 0 : 1;
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
         "  spanmill send --count 200 --rate 20                          ten seconds of traffic for 'spanmill top'\n"
         "  spanmill send --endpoint http://127.0.0.1:4318               one trace over HTTP\n"
         "  spanmill send --endpoint collector:4317 --ca-file ca.pem     one trace over gRPC with TLS");
    return 0;
}

/* False after an error, which has been told. */
static bool read_numbers(struct sending *sending, const struct send_flags *flags)
{
    double number;
    if (!read_number(flags->count, COUNT_MAX, &number) || number < 1 || number != (double)(uint64_t)number)
        return sm_cli_fail("--count: %s is not a number of traces from 1 to %d", flags->count, COUNT_MAX) == 0;
    sending->count = (uint64_t)number;
    if (*flags->rate && !read_number(flags->rate, 1e6, &number))
        return sm_cli_fail("--rate: %s is not a number of traces a second, more than 0 and at most 1000000", flags->rate) == 0;
    sending->interval_ns = *flags->rate ? (uint64_t)(1e9 / number) : 0;
    return true;
}

/* False after an error, which has been told. */
static bool read_headers(struct sending *sending, const struct sm_flag_values *values)
{
    sending->headers.entries = sm_arena_zalloc(&sending->arena, values->count, sizeof(*sending->headers.entries));
    for (size_t i = 0; i < values->count; i++) {
        struct sm_slice value = sm_slice_of(values->items[i]);
        struct sm_slice name = sm_slice_cut(&value, '=');
        if (name.size == 0 || !strchr(values->items[i], '='))
            return sm_cli_fail("--header: %s is not NAME=VALUE", values->items[i]) == 0;
        sending->headers.entries[sending->headers.count++] =
            (struct sm_string_map_entry){.key = sm_arena_strdup(&sending->arena, name), .value = sm_arena_strdup(&sending->arena, value)};
    }
    return true;
}

static int run(struct sending *sending, const struct send_flags *flags)
{
    struct sm_error error = {0};
    if (!open_client(sending, flags, &error))
        return sm_cli_fail("%s", error.text);
    sending->timer = sm_timer_create(sending->worker, send_next, sending);
    sending->begun_ns = sending->progress_ns = sm_clock_mono_ns();
    sending->is_terminal = isatty(STDERR_FILENO);
    struct sm_process_signal *interrupt = sm_process_signal_watch(sending->worker, SIGINT, on_interrupt, sending);
    sm_timer_arm(sending->timer, 1, false);
    sm_workers_run_main(sending->workers);
    sm_process_signal_free(interrupt);
    return report(sending);
}

int sm_cli_send(int argc, char **argv)
{
    struct send_flags given = {
        .endpoint = "127.0.0.1:4317", .count = "1", .rate = "", .ca_file = "", .cert_file = "", .key_file = "", .server_name = ""};
    const struct sm_flag flags[] = {
        {.name = "endpoint",
         .value = "ADDRESS",
         .help = "host:port for gRPC (127.0.0.1:4317), http://host:port or https://host:port for HTTP",
         .text = &given.endpoint},
        {.name = "count", .value = "N", .help = "how many traces (1)", .text = &given.count},
        {.name = "rate", .value = "N", .help = "traces a second (as fast as they are taken)", .text = &given.rate},
        {.name = "header", .value = "NAME=VALUE", .help = "a header of every request; may be given several times", .values = &given.headers},
        {.name = "tls", .help = "gRPC with TLS; the flags below ask for it too", .is_set = &given.wants_tls},
        {.name = "ca-file",
         .value = "FILE",
         .help = "authorities that may have signed the collector's certificate (the system's)",
         .text = &given.ca_file},
        {.name = "cert-file", .value = "FILE", .help = "our own certificate, for collectors that ask for one", .text = &given.cert_file},
        {.name = "key-file", .value = "FILE", .help = "its key", .text = &given.key_file},
        {.name = "server-name", .value = "NAME", .help = "the name that the certificate must have (the host's)", .text = &given.server_name},
        {.name = "insecure-skip-verify", .help = "take any certificate", .is_set = &given.skips_verify},
        {.name = "help", .letter = 'h', .help = "this text", .is_set = &given.wants_help},
    };
    enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };
    if (!sm_flags_read(flags, FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (given.wants_help)
        return print_help(flags, FLAG_COUNT);
    struct sending sending = {.endpoint = given.endpoint, .seed = sm_clock_wall_ns()};
    struct sm_error error = {0};
    int status = 1;
    if (read_numbers(&sending, &given) && read_headers(&sending, &given.headers)) {
        sending.workers = sm_workers_create(0, &error);
        if (!sending.workers)
            return sm_cli_fail("%s", error.text);
        sending.worker = sm_workers_main(sending.workers);
        status = run(&sending, &given);
    }
    close_client(&sending);
    sm_workers_free(sending.workers);
    return status;
}
