/* ottl.c - spanmill ottl: tries statements of the transformation language on an example or on a file, and shows what they change.
 *
 * A text that is no statement but a condition or a value is evaluated for every item. Without a text on the command line, lines are read from
 * standard input; what one changes the next one sees. State: the batch being worked on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/line_diff.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "exporters/debug/text.h"
#include "ottl/sequence.h"
#include "processors/walk.h"
#include "telemetry/otlp.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, LINES_AROUND = 2, SHOWN_VALUE_MAX = 400 };
enum { FUNCTIONS = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM | SM_OTTL_FOR_FILTER };

static const struct signal_row {
    const char *name, *key; /* key: of the list that a request of this signal has */
    unsigned contexts;
    const char *sample;
} signals[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = {"traces", "\"resourceSpans\"", 1u << SM_OTTL_SPAN | 1u << SM_OTTL_SPANEVENT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE,
                   "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}},"
                   "{\"key\":\"deployment.environment\",\"value\":{\"stringValue\":\"staging\"}}]},"
                   "\"scopeSpans\":[{\"scope\":{\"name\":\"shop.web\",\"version\":\"1.4.0\"},\"spans\":[{"
                   "\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\",\"name\":\"GET /cart/4711\",\"kind\":2,"
                   "\"startTimeUnixNano\":\"1735689600000000000\",\"endTimeUnixNano\":\"1735689600042000000\",\"status\":{\"code\":2,"
                   "\"message\":\"out of stock\"},\"attributes\":[{\"key\":\"http.request.method\",\"value\":{\"stringValue\":\"GET\"}},"
                   "{\"key\":\"url.path\",\"value\":{\"stringValue\":\"/cart/4711\"}},{\"key\":\"http.response.status_code\",\"value\":{"
                   "\"intValue\":\"409\"}},{\"key\":\"user.email\",\"value\":{\"stringValue\":\"ada@example.com\"}},{\"key\":\"tags\",\"value\":{"
                   "\"arrayValue\":{\"values\":[{\"stringValue\":\"web\"},{\"stringValue\":\"beta\"}]}}}],\"events\":[{\"name\":\"exception\","
                   "\"timeUnixNano\":\"1735689600040000000\",\"attributes\":[{\"key\":\"exception.message\",\"value\":{\"stringValue\":"
                   "\"item 4711 is sold out\"}}]}]}]}]}]}"},
    [SM_METRICS] = {"metrics", "\"resourceMetrics\"", 1u << SM_OTTL_METRIC | 1u << SM_OTTL_DATAPOINT | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE,
                    "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}]},"
                    "\"scopeMetrics\":[{\"scope\":{\"name\":\"shop.web\"},\"metrics\":[{\"name\":\"http.requests\",\"unit\":\"1\",\"sum\":{"
                    "\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"timeUnixNano\":\"1735689600000000000\",\"asInt\":\"42\","
                    "\"attributes\":[{\"key\":\"route\",\"value\":{\"stringValue\":\"/cart\"}}]},{\"timeUnixNano\":\"1735689600000000000\","
                    "\"asInt\":\"7\",\"attributes\":[{\"key\":\"route\",\"value\":{\"stringValue\":\"/pay\"}}]}]}},{\"name\":\"http.duration\","
                    "\"unit\":\"ms\",\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"timeUnixNano\":\"1735689600000000000\","
                    "\"count\":\"3\",\"sum\":61.5,\"min\":4,\"max\":50,\"bucketCounts\":[\"1\",\"1\",\"1\"],\"explicitBounds\":[5,10],"
                    "\"attributes\":[{\"key\":\"route\",\"value\":{\"stringValue\":\"/cart\"}}]}]}}]}]}]}"},
    [SM_LOGS] = {"logs", "\"resourceLogs\"", 1u << SM_OTTL_LOG | 1u << SM_OTTL_SCOPE | 1u << SM_OTTL_RESOURCE,
                 "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}]},"
                 "\"scopeLogs\":[{\"scope\":{\"name\":\"shop.web\"},\"logRecords\":[{\"timeUnixNano\":\"1735689600000000000\",\"severityNumber\":13,"
                 "\"severityText\":\"WARN\",\"body\":{\"stringValue\":\"user=ada item=4711 sold out\"},\"traceId\":"
                 "\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\",\"attributes\":[{\"key\":\"log.file.name\",\"value\":{"
                 "\"stringValue\":\"web.log\"}}]}]}]}]}"},
};

struct trial {
    enum sm_signal signal;
    bool has_signal, has_context;
    enum sm_ottl_context context;
    struct sm_slice request; /* of the file; empty: the example */
    struct sm_batch *batch;  /* owned; NULL until the signal is known */
    bool colour;
};

/* ---- the data */

static bool read_file(const char *path, struct sm_arena *arena, struct sm_slice *text)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    struct sm_bytes bytes;
    char block[16384];
    size_t size;
    if (!file) {
        char why[SM_ERRNO_WORDS_SIZE];
        return sm_cli_fail("open %s: %s", path, sm_errno_words(errno, why)) == 0;
    }
    sm_bytes_init(&bytes, arena);
    while ((size = fread(block, 1, sizeof(block), file)) > 0 && sm_bytes_slice(&bytes).size <= FILE_BYTES_MAX)
        sm_bytes_append(&bytes, block, size);
    bool is_whole = feof(file) != 0;
    if (file != stdin)
        fclose(file);
    *text = sm_bytes_slice(&bytes);
    return is_whole || sm_cli_fail("%s: cannot be read, or is larger than %d MiB", path, FILE_BYTES_MAX >> 20) == 0;
}

/* The signal whose list comes first in the text. */
static bool detect_signal(struct trial *trial)
{
    const char *first = NULL;
    for (size_t i = 0; i < SM_SIGNAL_COUNT; i++) {
        const char *found = sm_slice_find(trial->request, sm_slice_of(signals[i].key));
        if (found && (!first || found < first)) {
            first = found;
            trial->signal = (enum sm_signal)i;
        }
    }
    trial->has_signal = first != NULL;
    return first || sm_cli_fail("the file holds no resourceSpans, resourceMetrics or resourceLogs: it should be a request in OTLP/JSON") == 0;
}

/* One request in JSON, cut off the front: files of the file exporter have one on each line. Text that is not closed goes up to the end. */
static struct sm_slice cut_request(struct sm_slice *rest)
{
    size_t depth = 0, at = 0;
    bool in_text = false;
    for (; at < rest->size; at++) {
        char c = rest->ptr[at];
        if (in_text && c == '\\')
            at++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']') && depth > 0 && --depth == 0)
            break;
    }
    size_t size = at < rest->size ? at + 1 : rest->size;
    struct sm_slice request = sm_slice_make(rest->ptr, size);
    *rest = sm_slice_trim(sm_slice_make(rest->ptr + size, rest->size - size));
    return request;
}

static bool load(struct trial *trial)
{
    struct sm_slice whole = trial->request.size > 0 ? trial->request : sm_slice_of(signals[trial->signal].sample), rest = whole;
    sm_batch_release(trial->batch);
    trial->batch = NULL;
    while (!trial->batch || rest.size > 0) {
        struct sm_decode_error why = {0};
        size_t offset = (size_t)(rest.ptr - whole.ptr);
        struct sm_batch *batch = sm_otlp_decode_json(trial->signal, cut_request(&rest), &why);
        if (!batch)
            return sm_cli_fail("the data are no OTLP/JSON request of %s: %s at byte %zu", signals[trial->signal].name, why.reason,
                               offset + why.offset) == 0;
        if (trial->batch) {
            sm_batch_append(trial->batch, batch);
            sm_batch_release(batch);
        } else {
            trial->batch = batch;
        }
    }
    return true;
}

static struct sm_bytes write_batch(struct sm_batch *batch)
{
    struct sm_bytes text = {0};
    sm_debug_write_detailed(batch, &text);
    return text;
}

static void show(const struct trial *trial)
{
    struct sm_bytes text = write_batch(trial->batch);
    printf("%.*s", SM_SLICE_ARGS(sm_bytes_slice(&text)));
    sm_bytes_deinit(&text);
}

/* ---- one text */

static int refuse(const char *text, const struct sm_ottl_error *error, bool has_place)
{
    char drawing[SM_OTTL_DRAWING_SIZE];
    sm_ottl_draw(drawing, "  ", text, error);
    fprintf(stderr, "Error: %s\n", error->message);
    if (has_place)
        fprintf(stderr, "%s\n", drawing);
    if (error->suggestion[0])
        fprintf(stderr, "  did you mean %s?\n", error->suggestion);
    return 1;
}

/* Statements begin with an editor, whose name is in small letters: "set(". */
static bool looks_like_statement(const char *text)
{
    text += strspn(text, " \t");
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");
    return name > 0 && text[name + strspn(text + name, " \t")] == '(' && strncmp(text, "not", name) != 0;
}

/* A value alone is no condition; comparing it makes it one. */
static bool collect_paths(struct sm_ottl_inference *inference, const char *text, bool is_statement)
{
    struct sm_ottl_error ignored = {0};
    if (sm_ottl_inference_add(inference, sm_slice_of(text), is_statement, &ignored))
        return true;
    struct sm_bytes comparison = {0};
    sm_bytes_printf(&comparison, "%s == nil", text);
    bool is_read = sm_ottl_inference_add(inference, sm_bytes_slice(&comparison), false, &ignored);
    sm_bytes_deinit(&comparison);
    return is_read;
}

/* The context: what was said, else what the paths name. Without any the item of the signal. */
static bool choose_context(struct trial *trial, const char *text, bool is_statement, struct sm_ottl_language *language, struct sm_ottl_error *error)
{
    unsigned contexts = trial->has_signal ? signals[trial->signal].contexts : (1u << SM_OTTL_CONTEXT_COUNT) - 1;
    struct sm_ottl_inference *inference;
    *language = (struct sm_ottl_language){.functions = FUNCTIONS, .context = trial->context};
    if (!trial->has_context) {
        struct sm_ottl_error ignored = {0};
        static const enum sm_ottl_context items[] = {[SM_TRACES] = SM_OTTL_SPAN, [SM_METRICS] = SM_OTTL_METRIC, [SM_LOGS] = SM_OTTL_LOG};
        language->context = items[trial->has_signal ? trial->signal : SM_TRACES];
        inference = sm_ottl_inference_create();
        /* What is wrong is told by compiling, in the context that the paths name. */
        bool is_inferred =
            collect_paths(inference, text, is_statement) && sm_ottl_infer(inference, contexts, FUNCTIONS, &language->context, &ignored);
        (void)is_inferred;
        sm_ottl_inference_free(inference);
    }
    if ((contexts >> language->context & 1) == 0)
        return sm_ottl_error_set(error, 0, 0, "%s have no context %s", signals[trial->signal].name, sm_ottl_context_name(language->context));
    for (size_t i = 0; i < SM_SIGNAL_COUNT && !trial->has_signal; i++)
        if ((signals[i].contexts >> language->context & 1) != 0) {
            trial->signal = (enum sm_signal)i;
            trial->has_signal = true;
        }
    return true;
}

struct running {
    const struct sm_ottl_statement *statement;
    const struct sm_ottl_condition *condition;
    const struct sm_ottl_expr *value;
    size_t visited, applied, failed;
    char error[256]; /* the first */
};

static void note_failure(struct running *r, const struct sm_ottl_run *run)
{
    if (r->failed++ == 0)
        memcpy(r->error, run->error, sizeof(r->error));
}

static void visit_statement(struct sm_ottl_run *run, void *context)
{
    struct running *r = context;
    run->cache = (struct sm_map){0};
    r->visited++;
    enum sm_ottl_verdict verdict = sm_ottl_execute(r->statement, run);
    r->applied += verdict == SM_OTTL_YES;
    if (verdict == SM_OTTL_FAILED)
        note_failure(r, run);
}

static void visit_value(struct sm_ottl_run *run, void *context)
{
    struct running *r = context;
    struct sm_ottl_value value;
    struct sm_slice text = SM_SLICE("nil");
    r->visited++;
    if (r->condition) {
        enum sm_ottl_verdict verdict = sm_ottl_test(r->condition, run);
        if (verdict == SM_OTTL_FAILED)
            note_failure(r, run);
        else
            puts(verdict == SM_OTTL_YES ? "true" : "false");
    } else if (!sm_ottl_evaluate(r->value, run, &value)) {
        note_failure(r, run);
    } else {
        (void)sm_ottl_text(&value, run->arena, &text);
        printf("%s: %.*s%s\n", sm_ottl_kind_name(&value), (int)(text.size < SHOWN_VALUE_MAX ? text.size : SHOWN_VALUE_MAX), text.ptr,
               text.size < SHOWN_VALUE_MAX ? "" : " …");
    }
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static int report(const struct trial *trial, const struct running *r, enum sm_ottl_context context)
{
    if (r->failed > 0)
        return sm_cli_fail("failed on %zu of %zu %s%s: %s", r->failed, r->visited, sm_ottl_context_name(context), plural(r->visited), r->error);
    if (r->statement && r->applied < r->visited)
        printf("(ran on %zu of %zu %s%s)\n", r->applied, r->visited, sm_ottl_context_name(context), plural(r->visited));
    if (r->visited == 0)
        printf("(the %s hold no %s)\n", signals[trial->signal].name, sm_ottl_context_name(context));
    return 0;
}

/* Compiles as what it is: a statement, else a condition, else a value. */
static bool compile(struct sm_ottl_program *program, const struct sm_ottl_language *language, const char *text, bool is_statement, struct running *r,
                    struct sm_ottl_error *error)
{
    struct sm_ottl_error as_value = {0};
    struct sm_slice slice = sm_slice_of(text);
    if (is_statement)
        return (r->statement = sm_ottl_compile_statement(program, language, slice, error)) != NULL;
    r->value = sm_ottl_compile_value(program, language, slice, &as_value);
    if (r->value)
        return true;
    r->condition = sm_ottl_compile_condition(program, language, slice, error);
    if (!r->condition && as_value.offset > error->offset) /* of the two the one that was read further */
        *error = as_value;
    return r->condition != NULL;
}

static int try_text(struct trial *trial, const char *text)
{
    bool is_statement = looks_like_statement(text);
    struct sm_ottl_error error = {0};
    struct sm_ottl_language language;
    struct running running = {0};
    if (!choose_context(trial, text, is_statement, &language, &error))
        return refuse(text, &error, false);
    if (!trial->batch && !load(trial))
        return 1;
    struct sm_ottl_program *program = sm_ottl_program_create();
    int status = 1;
    if (!compile(program, &language, text, is_statement, &running, &error)) {
        refuse(text, &error, true);
    } else {
        struct sm_bytes before = write_batch(trial->batch);
        sm_walk_context(trial->batch, language.context, is_statement ? visit_statement : visit_value, &running);
        sm_batch_recount(trial->batch);
        struct sm_bytes after = write_batch(trial->batch);
        bool has_changed = sm_line_diff_print(stdout, sm_bytes_slice(&before), sm_bytes_slice(&after), LINES_AROUND, trial->colour);
        if (is_statement && !has_changed && running.failed == 0)
            puts("(no change)");
        fflush(stdout);
        status = report(trial, &running, language.context);
        sm_bytes_deinit(&before);
        sm_bytes_deinit(&after);
    }
    /* What was stored is a copy: nothing in the batch points into the program. */
    sm_ottl_program_free(program);
    return status;
}

/* ---- lines from standard input */

static void print_line_help(void)
{
    puts("  STATEMENT          set(span.name, \"x\") where …: applied, and the change shown\n"
         "  CONDITION, VALUE   evaluated for every item: span.attributes[\"url.path\"], IsMatch(span.name, \"^GET\")\n"
         "  show               the data as they are now\n"
         "  reset              the data as they were\n"
         "  signal NAME        the example of traces, metrics or logs\n"
         "  context [NAME]     what paths without a prefix are about; without a name it is inferred\n"
         "  quit               or the end of the input");
}

static int set_signal(struct trial *trial, const char *name)
{
    for (size_t i = 0; i < SM_SIGNAL_COUNT; i++)
        if (strcmp(name, signals[i].name) == 0) {
            trial->signal = (enum sm_signal)i;
            trial->has_signal = true;
            return 0;
        }
    return sm_cli_fail("the signal must be traces, metrics or logs, not %s", name);
}

static int set_context(struct trial *trial, const char *name)
{
    trial->has_context = *name != '\0';
    if (!*name || sm_ottl_context_find(sm_slice_of(name), &trial->context))
        return 0;
    const char *names[SM_OTTL_CONTEXT_COUNT];
    for (unsigned i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        names[i] = sm_ottl_context_name((enum sm_ottl_context)i);
    const char *near = sm_nearest_word(name, names, SM_OTTL_CONTEXT_COUNT);
    trial->has_context = false;
    return sm_cli_fail("there is no context %s%s%s%s: resource, scope, span, spanevent, metric, datapoint or log", name,
                       near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* False: the end was asked for. */
static bool take_line(struct trial *trial, char *line, int *status)
{
    line[strcspn(line, "\r\n")] = '\0';
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return true;
    if (strcmp(line, "quit") == 0 || strcmp(line, "exit") == 0)
        return false;
    if (strcmp(line, "help") == 0 || strcmp(line, "?") == 0) {
        print_line_help();
    } else if (strcmp(line, "show") == 0) {
        if (trial->batch || load(trial))
            show(trial);
    } else if (strcmp(line, "reset") == 0) {
        *status |= !load(trial);
    } else if (strncmp(line, "signal ", 7) == 0) {
        trial->request = (struct sm_slice){0};
        *status |= set_signal(trial, line + 7) != 0 || !load(trial);
    } else if (strcmp(line, "context") == 0 || strncmp(line, "context ", 8) == 0) {
        *status |= set_context(trial, line + (line[7] ? 8 : 7));
    } else {
        *status |= try_text(trial, line);
    }
    return true;
}

static int read_lines(struct trial *trial)
{
    bool is_terminal = isatty(STDIN_FILENO) != 0;
    char *line = NULL;
    size_t capacity = 0;
    int status = 0;
    bool has_any = false;
    if (is_terminal)
        puts("A statement shows what it changes; 'show' the data, 'help' the rest.");
    do {
        if (is_terminal)
            fputs("ottl> ", stdout);
        fflush(stdout);
        if (getline(&line, &capacity, stdin) < 0)
            break;
        has_any = true;
    } while (take_line(trial, line, &status));
    free(line);
    if (is_terminal)
        return 0;
    return has_any ? status : sm_cli_fail("no statement was given, neither as an argument nor on standard input (see 'spanmill ottl --help')");
}

/* ---- */

static int print_help(const struct sm_flag *flags, size_t count)
{
    puts("Tries OTTL statements, as the transform and filter processors have them, on an example or on your data, and shows what they change.\n\n"
         "Usage:\n  spanmill ottl [flags] [STATEMENT…]\n\nFlags:");
    sm_flags_print(flags, count);
    puts("\nWithout a statement, lines are read from standard input.\n\n"
         "Examples:\n"
         "  spanmill ottl 'set(span.name, Concat([span.attributes[\"http.request.method\"], \"/cart/{id}\"], \" \"))'\n"
         "  spanmill ottl 'span.status.code == STATUS_CODE_ERROR'                    does a condition hold?\n"
         "  spanmill ottl --file request.json 'delete_key(log.attributes, \"email\")'   on a request in OTLP/JSON\n"
         "  spanmill ottl --context span 'set(name, \"x\")' 'keep_keys(attributes, [\"tags\"])'");
    return 0;
}

static int run(struct trial *trial, const char *file, const struct sm_flag_values *texts)
{
    struct sm_arena arena;
    sm_arena_init(&arena);
    int status = 0;
    if (file && (!read_file(file, &arena, &trial->request) || (!trial->has_signal && !detect_signal(trial))))
        status = 1;
    for (size_t i = 0; i < texts->count && status == 0; i++)
        status = try_text(trial, texts->items[i]);
    if (texts->count == 0 && status == 0)
        status = file && strcmp(file, "-") == 0 ? sm_cli_fail("name a statement: standard input is the data") : read_lines(trial);
    sm_batch_release(trial->batch);
    sm_arena_deinit(&arena);
    return status;
}

int sm_cli_ottl(int argc, char **argv)
{
    struct trial trial = {.colour = sm_cli_wants_colour(stdout)};
    const char *context = NULL, *file = NULL, *signal = NULL;
    bool wants_help = false;
    struct sm_flag_values texts = {0};
    const struct sm_flag flags[] = {
        {.name = "context", .value = "NAME", .help = "what paths are about: span, log, … (inferred from the paths)", .text = &context},
        {.name = "file", .value = "FILE", .help = "OTLP/JSON to work on, one request or several, - for standard input (an example)", .text = &file},
        {.name = "signal", .value = "NAME", .help = "traces, metrics or logs (from the file or the paths)", .text = &signal},
        {.name = "help", .letter = 'h', .help = "this text", .is_set = &wants_help},
    };
    enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };
    if (!sm_flags_read(flags, FLAG_COUNT, argc, argv, &texts))
        return 1;
    if (wants_help)
        return print_help(flags, FLAG_COUNT);
    if ((signal && set_signal(&trial, signal) != 0) || (context && set_context(&trial, context) != 0))
        return 1;
    return run(&trial, file, &texts);
}
