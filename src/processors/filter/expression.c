/* expression.c - evaluates the expr language for the points of a metric. */
#include "processors/filter/expression.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "processors/filter/expression_internal.h"

struct sm_filter_expressions {
    struct sm_arena arena;           /* owned: the trees */
    const struct expression **roots; /* borrowed: arena */
    size_t count;
    struct expression *with_regex; /* borrowed: arena; their regexes are owned */
};

struct sm_filter_expressions *sm_filter_expressions_create(const struct sm_string_list *texts, struct sm_error *error)
{
    struct sm_filter_expressions *made = sm_alloc(1, sizeof(*made));
    made->roots = sm_arena_zalloc(&made->arena, texts->count, sizeof(*made->roots));
    for (; made->count < texts->count; made->count++) {
        made->roots[made->count] = expression_parse(sm_slice_of(texts->items[made->count]), &made->arena, &made->with_regex, error);
        if (!made->roots[made->count]) {
            sm_filter_expressions_free(made);
            return NULL;
        }
    }
    return made;
}

void sm_filter_expressions_free(struct sm_filter_expressions *expressions)
{
    if (!expressions)
        return;
    for (const struct expression *node = expressions->with_regex; node; node = node->next_with_regex)
        sm_regex_free(node->regex);
    sm_arena_deinit(&expressions->arena);
    free(expressions);
}

/* ---- values: constant nodes, those that are made stand in the caller's frame */

struct evaluation {
    const struct sm_metric *metric;
    const struct sm_attributes *labels;
    const char *why; /* NULL until something fails */
};

static struct expression fail(struct evaluation *e, const char *why)
{
    e->why = e->why ? e->why : why;
    return (struct expression){.kind = EXPRESSION_NIL};
}

static struct expression boolean(bool is_true)
{
    return (struct expression){.kind = EXPRESSION_BOOL, .boolean = is_true};
}

static struct expression text(struct sm_slice slice)
{
    return (struct expression){.kind = EXPRESSION_TEXT, .text = slice};
}

static bool is_number(const struct expression *value)
{
    return value->kind == EXPRESSION_INT || value->kind == EXPRESSION_DOUBLE;
}

static double number_of(const struct expression *value)
{
    return value->kind == EXPRESSION_INT ? (double)value->integer : value->number;
}

static struct expression evaluate(struct evaluation *e, const struct expression *node);

static bool is_equal(struct evaluation *e, const struct expression *a, const struct expression *b)
{
    if (a->kind == EXPRESSION_INT && b->kind == EXPRESSION_INT)
        return a->integer == b->integer;
    if (is_number(a) && is_number(b))
        return number_of(a) == number_of(b);
    if (a->kind != b->kind)
        return false;
    if (a->kind == EXPRESSION_LIST)
        return fail(e, "lists cannot be compared").boolean;
    return a->kind == EXPRESSION_NIL || (a->kind == EXPRESSION_BOOL ? a->boolean == b->boolean : sm_slice_equal(a->text, b->text));
}

static struct expression compare(struct evaluation *e, enum expression_kind kind, const struct expression *a, const struct expression *b)
{
    double difference;
    if (is_number(a) && is_number(b))
        difference = number_of(a) < number_of(b) ? -1 : number_of(a) > number_of(b);
    else if (a->kind == EXPRESSION_TEXT && b->kind == EXPRESSION_TEXT)
        difference = sm_slice_compare(a->text, b->text);
    else
        return fail(e, "only numbers and texts have an order");
    return boolean(kind == EXPRESSION_LESS            ? difference < 0
                   : kind == EXPRESSION_LESS_OR_EQUAL ? difference <= 0
                   : kind == EXPRESSION_GREATER       ? difference > 0
                                                      : difference >= 0);
}

static struct expression is_in(struct evaluation *e, const struct expression *value, const struct expression *list)
{
    if (list->kind == EXPRESSION_NIL)
        return boolean(false);
    if (list->kind != EXPRESSION_LIST)
        return fail(e, "in needs a list");
    for (const struct expression *item = list->first; item; item = item->next) {
        struct expression candidate = evaluate(e, item);
        if (is_equal(e, value, &candidate))
            return boolean(true);
    }
    return boolean(false);
}

static struct expression test_text(struct evaluation *e, const struct expression *node, const struct expression *a, const struct expression *b)
{
    if (a->kind == EXPRESSION_NIL || b->kind == EXPRESSION_NIL)
        return boolean(false);
    if (a->kind != EXPRESSION_TEXT || b->kind != EXPRESSION_TEXT)
        return fail(e, "only texts can be looked through");
    if (node->kind == EXPRESSION_MATCHES)
        return boolean(sm_regex_matches(node->regex, a->text));
    if (node->kind == EXPRESSION_STARTS)
        return boolean(sm_slice_starts_with(a->text, b->text));
    return boolean(node->kind == EXPRESSION_ENDS
                       ? sm_slice_ends_with(a->text, b->text)
                       : b->text.size == 0 || (a->text.size && memmem(a->text.ptr, a->text.size, b->text.ptr, b->text.size)));
}

static struct expression metric_type(const struct evaluation *e)
{
    static const char *const names[] = {[SM_METRIC_GAUGE] = "Gauge",
                                        [SM_METRIC_SUM] = "Sum",
                                        [SM_METRIC_HISTOGRAM] = "Histogram",
                                        [SM_METRIC_EXPONENTIAL_HISTOGRAM] = "ExponentialHistogram",
                                        [SM_METRIC_SUMMARY] = "Summary"};
    return text(sm_slice_of(names[e->metric->type]));
}

/* A label that is no text reads as the empty one. */
static struct expression label(struct evaluation *e, enum expression_kind kind, const struct expression *key)
{
    struct sm_value value = {0};
    if (key->kind != EXPRESSION_TEXT)
        return fail(e, "the key of a label must be a text");
    bool is_there = sm_attributes_find(e->labels, key->text, &value);
    if (kind == EXPRESSION_HAS_LABEL)
        return boolean(is_there);
    return text(is_there && value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0});
}

static struct expression length(struct evaluation *e, const struct expression *value)
{
    struct expression count = {.kind = EXPRESSION_INT};
    if (value->kind == EXPRESSION_LIST) {
        for (const struct expression *item = value->first; item; item = item->next)
            count.integer++;
        return count;
    }
    if (value->kind != EXPRESSION_TEXT)
        return fail(e, "only texts and lists have a length");
    for (size_t at = 0, size; at < value->text.size; at += size, count.integer++) {
        bool is_sound;
        sm_utf8_read(sm_slice_make(value->text.ptr + at, value->text.size - at), &size, &is_sound);
    }
    return count;
}

/* The first operand of what only looks at the second when the first does not decide. */
static bool is_true(struct evaluation *e, const struct expression *node)
{
    struct expression value = evaluate(e, node);
    if (value.kind != EXPRESSION_BOOL)
        fail(e, "the operand is not a boolean");
    return value.kind == EXPRESSION_BOOL && value.boolean;
}

static struct expression evaluate_binary(struct evaluation *e, const struct expression *node)
{
    struct expression a = evaluate(e, node->parts[0]), b = evaluate(e, node->parts[1]);
    switch (node->kind) {
    case EXPRESSION_EQUAL:
        return boolean(is_equal(e, &a, &b));
    case EXPRESSION_UNEQUAL:
        return boolean(!is_equal(e, &a, &b));
    case EXPRESSION_IN:
        return is_in(e, &a, &b);
    case EXPRESSION_STARTS:
    case EXPRESSION_ENDS:
    case EXPRESSION_CONTAINS:
    case EXPRESSION_MATCHES:
        return test_text(e, node, &a, &b);
    default:
        return compare(e, node->kind, &a, &b);
    }
}

static struct expression evaluate(struct evaluation *e, const struct expression *node)
{
    struct expression operand;
    switch (node->kind) {
    case EXPRESSION_NIL:
    case EXPRESSION_BOOL:
    case EXPRESSION_INT:
    case EXPRESSION_DOUBLE:
    case EXPRESSION_TEXT:
    case EXPRESSION_LIST:
        return *node;
    case EXPRESSION_METRIC_NAME:
        return text(e->metric->name);
    case EXPRESSION_METRIC_TYPE:
        return metric_type(e);
    case EXPRESSION_HAS_LABEL:
    case EXPRESSION_LABEL:
        operand = evaluate(e, node->parts[0]);
        return label(e, node->kind, &operand);
    case EXPRESSION_LEN:
        operand = evaluate(e, node->parts[0]);
        return length(e, &operand);
    case EXPRESSION_NOT:
        return boolean(!is_true(e, node->parts[0]));
    case EXPRESSION_AND:
        return is_true(e, node->parts[0]) ? evaluate(e, node->parts[1]) : boolean(false);
    case EXPRESSION_OR:
        return is_true(e, node->parts[0]) ? boolean(true) : evaluate(e, node->parts[1]);
    case EXPRESSION_CHOICE:
        return evaluate(e, is_true(e, node->parts[0]) ? node->parts[1] : node->parts[2]);
    default:
        return evaluate_binary(e, node);
    }
}

enum sm_filter_answer sm_filter_expressions_test(const struct sm_filter_expressions *expressions, const struct sm_metric *metric, const char **why)
{
    for (size_t i = 0; i < expressions->count; i++) {
        for (size_t p = 0; p < metric->point_count; p++) {
            struct evaluation e = {.metric = metric, .labels = &metric->points[p].attributes};
            if (metric->points[p].dropped)
                continue;
            bool holds = is_true(&e, expressions->roots[i]);
            if (e.why) {
                *why = e.why;
                return SM_FILTER_FAILED;
            }
            if (holds)
                return SM_FILTER_YES;
        }
    }
    return SM_FILTER_NO;
}
