/* ottl_evaluate_fuzz.c - statements made by a grammar whose choices the input takes, run on telemetry of every kind: nothing may crash, and what is
 * printed of a statement parses to the same again. Functions and paths come from the tables, so that a new one is tried too. */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ottl/compile.h"
#include "processors/walk.h"
#include "telemetry/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DEPTH_MAX = 4,
    STATEMENTS_MAX = 8,
    GROWN_BYTES_MAX = 1 << 22, /* each statement may copy each metric 32 times */
    ENCODED_BYTES_MAX = 1 << 28,
};

struct choices {
    const uint8_t *at, *end;
};

static unsigned choose(struct choices *c, unsigned count)
{
    unsigned byte = c->at < c->end ? *c->at++ : 0;
    return byte % count;
}

#define PICK(c, list) (list)[choose(c, sizeof(list) / sizeof((list)[0]))]

static const char *const samples[SM_SIGNAL_COUNT] = {
    [SM_TRACES] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"r\"}}]},\"scopeSpans\":[{\"scope\":{"
        "\"name\":\"n\"},\"spans\":[{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\",\"name\":\"op é\","
        "\"traceState\":\"a=1\",\"startTimeUnixNano\":\"5\",\"endTimeUnixNano\":\"18446744073709551615\",\"attributes\":[{\"key\":\"a\","
        "\"value\":{\"stringValue\":\"x=1 y=\\\"2\\\"\"}},{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},{\"key\":\"d\","
        "\"value\":{\"doubleValue\":1e308}},{\"key\":\"n\",\"value\":{}},{\"key\":\"b\",\"value\":{\"bytesValue\":\"AP8=\"}},{\"key\":\"l\","
        "\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"stringValue\":\"z\"},{\"arrayValue\":{}}]}}},{\"key\":\"m\","
        "\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{\"kvlistValue\":{}}}]}}}],\"events\":[{\"name\":\"e\"}]}]}]}]}",
    [SM_METRICS] =
        "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"7\"},{\"asDouble\":"
        "-1.5}]}},{\"name\":\"s\",\"sum\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"asDouble\":1e308,\"attributes\":[{\"key\":\"a\","
        "\"value\":{\"stringValue\":\"x\"}}]},{\"asDouble\":1e308}]}},{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{\"count\":"
        "\"18446744073709551615\",\"sum\":1,\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[1]},{\"count\":\"3\"}]}},{\"name\":\"e\","
        "\"exponentialHistogram\":{\"dataPoints\":[{\"count\":\"9\",\"scale\":20,\"positive\":{\"offset\":2147483647,\"bucketCounts\":["
        "\"1\",\"3\"]},\"negative\":{\"offset\":-2147483648,\"bucketCounts\":[\"2\"]}},{\"scale\":-10,\"positive\":{\"bucketCounts\":["
        "\"1\"]}}]}},{\"name\":\"y\",\"summary\":{\"dataPoints\":[{\"count\":\"4\",\"sum\":2,\"quantileValues\":[{\"quantile\":0.5,"
        "\"value\":2}]}]}},{\"name\":\"n\"}]}]}]}",
    [SM_LOGS] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"<a x=\\\"1\\\">t<b/></a>\"},\"severityNumber\":9,"
                "\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"{\\\"k\\\":[1]}\"}}]},{\"body\":{\"kvlistValue\":{\"values\":[{\"key\":"
                "\"k\",\"value\":{\"intValue\":\"1\"}}]}}}]}]}]}",
};
static const struct {
    enum sm_signal signal;
    enum sm_ottl_context context;
    const struct sm_ottl_path *paths;
} contexts[] = {
    {SM_TRACES, SM_OTTL_SPAN, sm_ottl_span_paths},
    {SM_TRACES, SM_OTTL_SPANEVENT, sm_ottl_span_event_paths},
    {SM_TRACES, SM_OTTL_RESOURCE, sm_ottl_resource_paths},
    {SM_TRACES, SM_OTTL_SCOPE, sm_ottl_scope_paths},
    {SM_METRICS, SM_OTTL_METRIC, sm_ottl_metric_paths},
    {SM_METRICS, SM_OTTL_DATAPOINT, sm_ottl_data_point_paths},
    {SM_LOGS, SM_OTTL_LOG, sm_ottl_log_paths},
};

struct making {
    struct choices *choices;
    struct sm_bytes *out;
    struct sm_ottl_language language;
    const struct sm_ottl_path *paths;
    unsigned depth;
};

static void make_value(struct making *m);

static void make_path(struct making *m)
{
    static const char *const keys[] = {"", "", "", "[\"a\"]", "[\"m\"][\"k\"]", "[\"l\"][1]", "[\"new\"][3]", "[0]", "[\"n\"]", "[\"i\"]", "[\"d\"]"};
    size_t count = 0;
    while (m->paths[count].name)
        count++;
    unsigned index = choose(m->choices, (unsigned)count + 3);
    sm_bytes_append_text(m->out, index < count ? m->paths[index].name : index == count ? "cache" : "attributes");
    sm_bytes_append_text(m->out, index < count && choose(m->choices, 2) ? "" : PICK(m->choices, keys));
}

static void make_literal(struct making *m)
{
    static const char *const literals[] = {
        "nil",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "0.5",
        "1e308",
        "-0.0",
        "\"\"",
        "\"a\"",
        "\"é\\x00\"",
        "\"x=1\"",
        "0x",
        "0x00ff",
        "[]",
        "[1, \"a\", nil]",
        "{}",
        "{\"k\": [1]}",
        "\"(a)(?P<b>.*)\"",
        "\"%Y-%m-%d %H\"",
        "\"1h\"",
        "\"/a/b\"",
        "\"%5d%s%v\"",
        "\"sum\"",
        "\"upsert\"",
        "\"$1\"",
        "\"a*\"",
        "\"base64\"",
        "\"%{WORD:w}\"",
        "\"<a><b c='1'>d</b></a>\"",
        "\"2024-02-29 23\"",
        "\"delta\"",
        "\"value\"",
        "\"10.0.0.0/8\"",
        "\"Europe/Berlin\"",
        "\"1.37.0\"",
        "[\"a\"]",
        "[1.0, 2.0]",
    };
    sm_bytes_append_text(m->out, PICK(m->choices, literals));
}

static void make_call(struct making *m, bool is_editor)
{
    const struct sm_ottl_function *found[512];
    size_t count = 0;
    for (const struct sm_ottl_function *const *table = sm_ottl_function_tables; *table; table++)
        for (const struct sm_ottl_function *f = *table; f->name && count < 512; f++)
            if ((f->name[0] >= 'a') == is_editor)
                found[count++] = f;
    const struct sm_ottl_function *f = found[(choose(m->choices, 256) + 256 * choose(m->choices, 2)) % count];
    sm_bytes_printf(m->out, "%s(", f->name);
    for (size_t i = 0; f->parameters[i].type != SM_OTTL_ARG_END; i++) {
        const struct sm_ottl_parameter *parameter = &f->parameters[i];
        if (parameter->is_optional && choose(m->choices, 2) == 0)
            break;
        if (i > 0)
            sm_bytes_append_text(m->out, ", ");
        if (parameter->type == SM_OTTL_ARG_FUNCTION) {
            sm_bytes_append_text(m->out, found[choose(m->choices, 256) % count]->name[0] < 'a' ? found[choose(m->choices, 256) % count]->name
                                                                                               : "ToLowerCase");
        } else if (parameter->is_list) {
            sm_bytes_append_char(m->out, '[');
            for (unsigned k = choose(m->choices, 4); k > 0; k--) {
                make_value(m);
                sm_bytes_append_text(m->out, k > 1 ? ", " : "");
            }
            sm_bytes_append_char(m->out, ']');
        } else if (parameter->type == SM_OTTL_ARG_PATH || parameter->type == SM_OTTL_ARG_MAP_PATH || parameter->type == SM_OTTL_ARG_LIST_PATH) {
            make_path(m);
        } else if (parameter->type >= SM_OTTL_ARG_LITERAL_STRING) {
            make_literal(m);
        } else {
            make_value(m);
        }
    }
    sm_bytes_append_char(m->out, ')');
}

static void make_value(struct making *m)
{
    unsigned kind = m->depth >= DEPTH_MAX ? choose(m->choices, 2) : choose(m->choices, 6);
    m->depth++;
    if (kind == 0) {
        make_literal(m);
    } else if (kind == 1) {
        make_path(m);
    } else if (kind == 2) {
        sm_bytes_append_char(m->out, '(');
        make_value(m);
        sm_bytes_printf(m->out, " %c ", "+-*/"[choose(m->choices, 4)]);
        make_value(m);
        sm_bytes_append_char(m->out, ')');
    } else {
        make_call(m, false);
        sm_bytes_append_text(m->out, choose(m->choices, 8) == 1 ? "[\"k\"]" : choose(m->choices, 8) == 1 ? "[0]" : "");
    }
    m->depth--;
}

static void make_condition(struct making *m)
{
    static const char *const operators[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
    if (choose(m->choices, 4) == 1)
        sm_bytes_append_text(m->out, "not ");
    make_value(m);
    sm_bytes_append_text(m->out, PICK(m->choices, operators));
    make_value(m);
    if (m->depth < DEPTH_MAX && choose(m->choices, 4) == 1) {
        m->depth++;
        sm_bytes_append_text(m->out, choose(m->choices, 2) ? " and " : " or ");
        make_condition(m);
        m->depth--;
    }
}

static void check_printing(struct sm_slice text, struct sm_arena *arena)
{
    struct sm_ottl_tree tree;
    struct sm_ottl_error error;
    struct sm_bytes first, second;
    sm_bytes_init(&first, arena);
    sm_bytes_init(&second, arena);
    if (!sm_ottl_parse_statement(text, arena, &tree, &error))
        return;
    sm_ottl_print(&first, &tree);
    if (!sm_ottl_parse_statement(sm_bytes_slice(&first), arena, &tree, &error))
        abort();
    sm_ottl_print(&second, &tree);
    if (!sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second)))
        abort();
}

static void execute(struct sm_ottl_run *run, void *statement)
{
    run->cache = (struct sm_map){0};
    (void)sm_ottl_execute(statement, run);
}

static void run_statement(struct making *m, struct sm_slice text, struct sm_batch *batch)
{
    struct sm_ottl_error error;
    struct sm_ottl_program *program = sm_ottl_program_create();
    const struct sm_ottl_statement *statement = sm_ottl_compile_statement(program, &m->language, text, &error);
    if (statement)
        sm_walk_context(batch, m->language.context, execute, (void *)(uintptr_t)statement);
    sm_ottl_program_free(program); /* what was stored does not point into it: encoding would tell */
}

/* Each copy of a metric is written whole, while the batch has what they share once. */
static bool may_encode(const struct sm_batch *batch)
{
    size_t copies = 1;
    for (size_t i = 0; batch->signal == SM_METRICS && i < batch->count; i++)
        for (size_t k = 0; k < batch->groups[i].count; k++)
            copies += batch->groups[i].scopes[k].count;
    return copies * sm_arena_reserved_bytes(&batch->arena) <= ENCODED_BYTES_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices choices = {data, data + size};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_decode_error why;
    unsigned row = choose(&choices, sizeof(contexts) / sizeof(contexts[0]));
    struct sm_batch *batch = sm_otlp_decode_json(contexts[row].signal, sm_slice_of(samples[contexts[row].signal]), &why);
    if (!batch)
        abort();
    for (unsigned i = 0; i < STATEMENTS_MAX && choices.at < choices.end && sm_arena_reserved_bytes(&batch->arena) <= GROWN_BYTES_MAX; i++) {
        struct sm_bytes text;
        sm_bytes_init(&text, &arena);
        struct making m = {.choices = &choices,
                           .out = &text,
                           .paths = contexts[row].paths,
                           .language = {.context = contexts[row].context,
                                        .functions = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS | SM_OTTL_FOR_TRANSFORM | SM_OTTL_FOR_FILTER}};
        make_call(&m, true);
        if (choose(&choices, 3) == 1) {
            sm_bytes_append_text(&text, " where ");
            make_condition(&m);
        }
        check_printing(sm_bytes_slice(&text), &arena);
        run_statement(&m, sm_bytes_slice(&text), batch);
    }
    if (may_encode(batch)) {
        struct sm_bytes json = {0};
        sm_otlp_encode_json(batch, &json);
        sm_bytes_deinit(&json);
    }
    sm_batch_release(batch);
    sm_arena_deinit(&arena);
    return 0;
}
