/* json_path_filter.c - which members a filter holds for.
 *
 * A filter is an expression in prefix order. For each member its paths are looked up, then the operators are worked off from the last to the first.
 * A path with several values makes the filter hold when any choice of them does. Source: github.com/ohler55/ojg v1.28.2, jp/script.go. */
#include <math.h>

#include "alloy/json_path.h"

typedef struct sm_json_path_cell cell;

struct evaluation {
    struct sm_json_path_run *run;
    struct sm_arena *arena; /* for one member */
    const cell *left, *right;
    cell *result;
};

static const cell null_cell = {.kind = SM_JSON_PATH_VALUE};

static enum sm_alloy_type type_of(const cell *operand)
{
    return operand->kind == SM_JSON_PATH_VALUE && operand->value ? operand->value->type : SM_ALLOY_TYPE_NULL;
}

static bool is_type(const cell *operand, enum sm_alloy_type type)
{
    return operand->kind == SM_JSON_PATH_VALUE && type_of(operand) == type;
}

static bool is_int(const struct sm_alloy_value *number)
{
    return number->number_kind != SM_ALLOY_DOUBLE;
}

static bool is_true(const cell *operand)
{
    return operand->is_selected || (is_type(operand, SM_ALLOY_TYPE_BOOL) && operand->value->boolean);
}

static void give(const struct evaluation *evaluation, const struct sm_alloy_value *value)
{
    *evaluation->result = (cell){.kind = SM_JSON_PATH_VALUE, .value = value};
}

static void give_bool(const struct evaluation *evaluation, bool boolean)
{
    give(evaluation, sm_alloy_bool(evaluation->arena, boolean));
}

static void give_int(const struct evaluation *evaluation, uint64_t number)
{
    give(evaluation, sm_alloy_int(evaluation->arena, (int64_t)number));
}

static void give_nothing(const struct evaluation *evaluation)
{
    *evaluation->result = (cell){.kind = SM_JSON_PATH_NOTHING};
}

/* ---- comparing */

static bool is_list(const cell *operand)
{
    return operand->kind == SM_JSON_PATH_LIST || operand->kind == SM_JSON_PATH_TALLY || is_type(operand, SM_ALLOY_TYPE_ARRAY);
}

/* Of one type and equal: 1 is not 1.0. The reference ends with a runtime error where both are lists or both are objects. */
static bool is_same(struct sm_json_path_run *run, const cell *left, const cell *right)
{
    if ((is_list(left) && is_list(right)) || (is_type(left, SM_ALLOY_TYPE_OBJECT) && is_type(right, SM_ALLOY_TYPE_OBJECT))) {
        run->error = run->error ? run->error : "a filter cannot compare lists or objects with one another";
        return false;
    }
    if (left->kind != right->kind)
        return false;
    if (left->kind != SM_JSON_PATH_VALUE)
        return left->kind == SM_JSON_PATH_NOTHING || (left->kind == SM_JSON_PATH_PATTERN && left->regex == right->regex);
    enum sm_alloy_type type = type_of(left);
    if (type != type_of(right) || type == SM_ALLOY_TYPE_NULL)
        return type == type_of(right);
    if (type == SM_ALLOY_TYPE_NUMBER && is_int(left->value) != is_int(right->value))
        return false;
    return sm_alloy_equal(left->value, right->value);
}

static bool is_equal(struct sm_json_path_run *run, const cell *left, const cell *right)
{
    if (is_type(left, SM_ALLOY_TYPE_NUMBER) && is_type(right, SM_ALLOY_TYPE_NUMBER) && is_int(left->value) != is_int(right->value))
        return sm_alloy_number_double(left->value) == sm_alloy_number_double(right->value);
    return is_same(run, left, right);
}

/* By the reference's lights a fraction differs from whole numbers only, and from nothing else. */
static bool is_different(struct sm_json_path_run *run, const cell *left, const cell *right)
{
    bool is_fraction = is_type(left, SM_ALLOY_TYPE_NUMBER) && !is_int(left->value);
    bool is_whole = is_type(right, SM_ALLOY_TYPE_NUMBER) && is_int(right->value);
    return !is_equal(run, left, right) && (!is_fraction || is_whole);
}

/* Below, equal or above 0 as the left one is less, equal or greater. False when they have no order. */
static bool compare(const cell *left, const cell *right, int *relation)
{
    if (is_type(left, SM_ALLOY_TYPE_STRING) && is_type(right, SM_ALLOY_TYPE_STRING)) {
        *relation = sm_slice_compare(left->value->text, right->value->text);
        return true;
    }
    if (!is_type(left, SM_ALLOY_TYPE_NUMBER) || !is_type(right, SM_ALLOY_TYPE_NUMBER))
        return false;
    if (is_int(left->value) && is_int(right->value)) {
        int64_t a = left->value->integer, b = right->value->integer;
        *relation = (a > b) - (a < b);
        return true;
    }
    double a = sm_alloy_number_double(left->value), b = sm_alloy_number_double(right->value);
    *relation = (a > b) - (a < b);
    return !isnan(a) && !isnan(b);
}

static void give_order(const struct evaluation *evaluation, enum sm_json_path_operator op)
{
    int relation;
    if (!compare(evaluation->left, evaluation->right, &relation))
        give_bool(evaluation, false);
    else if (op == SM_JSON_PATH_LT || op == SM_JSON_PATH_LE)
        give_bool(evaluation, relation < 0 || (relation == 0 && op == SM_JSON_PATH_LE));
    else
        give_bool(evaluation, relation > 0 || (relation == 0 && op == SM_JSON_PATH_GE));
}

static void give_membership(const struct evaluation *evaluation)
{
    const cell *right = evaluation->right;
    bool is_constant = right->kind == SM_JSON_PATH_LIST, is_found = false;
    size_t count = is_constant ? right->count : is_type(right, SM_ALLOY_TYPE_ARRAY) ? right->value->array.count : 0;
    for (size_t i = 0; i < count && !is_found && sm_json_path_spend(evaluation->run, 1); i++) {
        cell item = is_constant ? right->list[i] : (cell){.kind = SM_JSON_PATH_VALUE, .value = right->value->array.items[i]};
        is_found = is_same(evaluation->run, evaluation->left, &item);
    }
    give_bool(evaluation, is_found);
}

/* ---- arithmetic */

static int64_t whole(enum sm_json_path_operator op, int64_t a, int64_t b)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b; /* what overflows wraps */
    if (op == SM_JSON_PATH_DIVIDE)
        return b == -1 ? (int64_t)-x : a / b;
    return (int64_t)(op == SM_JSON_PATH_ADD ? x + y : op == SM_JSON_PATH_SUBTRACT ? x - y : x * y);
}

static double broken(enum sm_json_path_operator op, double a, double b)
{
    return op == SM_JSON_PATH_ADD ? a + b : op == SM_JSON_PATH_SUBTRACT ? a - b : op == SM_JSON_PATH_MULTIPLY ? a * b : a / b;
}

static void give_joined(const struct evaluation *evaluation)
{
    struct sm_slice left = evaluation->left->value->text, right = evaluation->right->value->text;
    struct sm_bytes text;
    sm_bytes_init(&text, evaluation->arena);
    if (sm_json_path_spend(evaluation->run, (left.size + right.size) / 16)) {
        sm_bytes_append_slice(&text, left);
        sm_bytes_append_slice(&text, right);
    }
    give(evaluation, sm_alloy_string(evaluation->arena, sm_bytes_slice(&text)));
}

static void calculate(const struct evaluation *evaluation, enum sm_json_path_operator op)
{
    const cell *left = evaluation->left, *right = evaluation->right;
    if (op == SM_JSON_PATH_ADD && is_type(left, SM_ALLOY_TYPE_STRING) && is_type(right, SM_ALLOY_TYPE_STRING)) {
        give_joined(evaluation);
        return;
    }
    bool are_numbers = is_type(left, SM_ALLOY_TYPE_NUMBER) && is_type(right, SM_ALLOY_TYPE_NUMBER);
    if (!are_numbers || (op == SM_JSON_PATH_DIVIDE && sm_alloy_number_double(right->value) == 0))
        give_nothing(evaluation);
    else if (is_int(left->value) && is_int(right->value))
        give_int(evaluation, (uint64_t)whole(op, left->value->integer, right->value->integer));
    else
        give(evaluation, sm_alloy_double(evaluation->arena, broken(op, sm_alloy_number_double(left->value), sm_alloy_number_double(right->value))));
}

/* ---- texts and sizes */

/* How long a text (in bytes), a list or an object is; false for anything else. */
static bool size_of(const cell *operand, size_t *size)
{
    if (operand->kind == SM_JSON_PATH_LIST || operand->kind == SM_JSON_PATH_TALLY)
        *size = operand->count;
    else if (is_type(operand, SM_ALLOY_TYPE_STRING))
        *size = operand->value->text.size;
    else if (is_type(operand, SM_ALLOY_TYPE_ARRAY) || is_type(operand, SM_ALLOY_TYPE_OBJECT))
        *size = sm_json_path_child_count(operand->value);
    else
        return false;
    return true;
}

/* The left operand is a text. */
static bool fits(const struct evaluation *evaluation, const struct sm_regex *regex)
{
    enum { BYTES_AT_ONCE = 4 };
    struct sm_slice text = evaluation->left->value->text;
    return sm_json_path_spend(evaluation->run, text.size / BYTES_AT_ONCE) && sm_regex_matches(regex, text);
}

/* A pattern that is none matches nothing. `is_whole`: from the first to the last byte. */
static bool matches(const struct evaluation *evaluation, struct sm_slice pattern, bool is_whole, bool *is_pattern)
{
    struct sm_bytes anchored;
    sm_bytes_init(&anchored, evaluation->arena);
    if (is_whole && pattern.ptr[0] != '^')
        sm_bytes_append_char(&anchored, '^');
    sm_bytes_append_slice(&anchored, pattern);
    if (is_whole && anchored.ptr[anchored.size - 1] != '$')
        sm_bytes_append_char(&anchored, '$');
    bool is_full;
    struct sm_error error;
    const struct sm_regex *regex = sm_json_path_pattern(evaluation->run->patterns, sm_bytes_slice(&anchored), &error, &is_full);
    if (is_full && !evaluation->run->error)
        evaluation->run->error = "the path meets too many regular expressions";
    *is_pattern = regex != NULL;
    return regex && fits(evaluation, regex);
}

static void give_operator_match(const struct evaluation *evaluation)
{
    const cell *left = evaluation->left, *right = evaluation->right;
    bool is_pattern;
    if (!is_type(left, SM_ALLOY_TYPE_STRING))
        give_bool(evaluation, false);
    else if (right->kind == SM_JSON_PATH_PATTERN)
        give_bool(evaluation, fits(evaluation, right->regex));
    else
        give_bool(evaluation, is_type(right, SM_ALLOY_TYPE_STRING) && matches(evaluation, right->value->text, false, &is_pattern));
}

static void give_function_match(const struct evaluation *evaluation, bool is_whole)
{
    const cell *left = evaluation->left, *right = evaluation->right;
    bool is_pattern = false, is_match = false;
    if (is_type(left, SM_ALLOY_TYPE_STRING) && is_type(right, SM_ALLOY_TYPE_STRING) && right->value->text.size)
        is_match = matches(evaluation, right->value->text, is_whole, &is_pattern);
    if (is_pattern)
        give_bool(evaluation, is_match);
    else
        give_nothing(evaluation);
}

/* ---- operators */

/* `is_so` when the right operand is true, the contrary when it is false; nothing else is asked for. */
static void give_asked(const struct evaluation *evaluation, bool is_so)
{
    give_bool(evaluation, is_type(evaluation->right, SM_ALLOY_TYPE_BOOL) && evaluation->right->value->boolean == is_so);
}

static void give_empty(const struct evaluation *evaluation)
{
    size_t size;
    if (size_of(evaluation->left, &size))
        give_asked(evaluation, size == 0);
    else
        give_bool(evaluation, false);
}

static void give_length(const struct evaluation *evaluation)
{
    size_t size;
    if (size_of(evaluation->left, &size))
        give_int(evaluation, size);
    else
        give_nothing(evaluation);
}

static void operate(const struct evaluation *evaluation, enum sm_json_path_operator op)
{
    const cell *left = evaluation->left, *right = evaluation->right;
    switch (op) {
    case SM_JSON_PATH_GROUP:
        *evaluation->result = *left;
        evaluation->result->is_selected = false;
        return;
    case SM_JSON_PATH_EQ:
        give_bool(evaluation, is_equal(evaluation->run, left, right));
        return;
    case SM_JSON_PATH_NE:
        give_bool(evaluation, is_different(evaluation->run, left, right));
        return;
    case SM_JSON_PATH_LT:
    case SM_JSON_PATH_GT:
    case SM_JSON_PATH_LE:
    case SM_JSON_PATH_GE:
        give_order(evaluation, op);
        return;
    case SM_JSON_PATH_OR:
        give_bool(evaluation, is_true(left) || is_true(right));
        return;
    case SM_JSON_PATH_AND:
        give_bool(evaluation, is_true(left) && is_true(right));
        return;
    case SM_JSON_PATH_NOT:
        give_bool(evaluation, !is_true(left));
        return;
    case SM_JSON_PATH_ADD:
    case SM_JSON_PATH_SUBTRACT:
    case SM_JSON_PATH_MULTIPLY:
    case SM_JSON_PATH_DIVIDE:
        calculate(evaluation, op);
        return;
    case SM_JSON_PATH_IN:
        give_membership(evaluation);
        return;
    case SM_JSON_PATH_EMPTY:
        give_empty(evaluation);
        return;
    case SM_JSON_PATH_HAS:
        give_asked(evaluation, left->kind != SM_JSON_PATH_NOTHING);
        return;
    case SM_JSON_PATH_MATCHES:
        give_operator_match(evaluation);
        return;
    case SM_JSON_PATH_LENGTH:
        give_length(evaluation);
        return;
    case SM_JSON_PATH_COUNT:
        if (left->kind == SM_JSON_PATH_TALLY)
            give_int(evaluation, left->count);
        else
            give_nothing(evaluation);
        return;
    case SM_JSON_PATH_MATCH:
    case SM_JSON_PATH_SEARCH:
        give_function_match(evaluation, op == SM_JSON_PATH_MATCH);
        return;
    }
}

/* Works off all operators; what is left stands in the first cell. The cells behind it are used up. */
static bool holds(struct evaluation *evaluation, cell *cells, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        if (cells[i].kind != SM_JSON_PATH_OPERATOR)
            continue;
        size_t operands = cells[i].operand_count;
        cell left = i + 1 < count ? cells[i + 1] : null_cell, right = i + 2 < count ? cells[i + 2] : null_cell;
        evaluation->left = &left;
        evaluation->right = &right;
        evaluation->result = &cells[i];
        operate(evaluation, cells[i].op);
        if (i + operands + 1 <= count)
            memmove(&cells[i + 1], &cells[i + operands + 1], (count - i - operands - 1) * sizeof(*cells));
    }
    return is_true(&cells[0]);
}

/* ---- one member */

/* A path, and what `count` counts, as the values that are there. */
static bool look_up(struct evaluation *evaluation, cell *at, bool is_counted, struct sm_alloy_value *member, struct sm_alloy_value *root)
{
    struct sm_json_path_set found = {0};
    bool is_path = at->kind == SM_JSON_PATH_PATH;
    if (is_path) {
        bool is_from_root = at->path->steps[0].kind == SM_JSON_PATH_ROOT && !is_counted;
        if (!sm_json_path_select(evaluation->run, at->path, is_from_root ? root : member, evaluation->arena, &found))
            return false;
    }
    if (is_counted)
        *at = is_path ? (cell){.kind = SM_JSON_PATH_TALLY, .count = found.count} : null_cell;
    else if (found.count == 0)
        *at = (cell){.kind = SM_JSON_PATH_NOTHING};
    else if (found.count == 1)
        *at = (cell){.kind = SM_JSON_PATH_VALUE, .is_selected = true, .value = found.items[0].value};
    else
        *at = (cell){.kind = SM_JSON_PATH_MANY, .many = found.items, .count = found.count};
    return true;
}

/* The choice with the number `turn` from all cells with several values. */
static void choose(cell *to, const cell *from, size_t count, size_t turn)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
        if (from[i].kind != SM_JSON_PATH_MANY)
            continue;
        to[i] = (cell){.kind = SM_JSON_PATH_VALUE, .is_selected = true, .value = from[i].many[turn % from[i].count].value};
        turn /= from[i].count;
    }
}

/* What working off a filter's cells once takes: each operator moves those behind it. */
static size_t work_of(const struct sm_json_path_filter *filter)
{
    enum { MOVED_AT_ONCE = 64 };
    size_t operators = 0;
    for (size_t i = 0; i < filter->count; i++)
        operators += filter->cells[i].kind == SM_JSON_PATH_OPERATOR;
    return 1 + filter->count + operators * filter->count / MOVED_AT_ONCE;
}

static bool holds_for(struct evaluation *evaluation, const struct sm_json_path_filter *filter, struct sm_alloy_value *member,
                      struct sm_alloy_value *root, bool *is_match)
{
    size_t choices = 1, count = filter->count, work = work_of(filter);
    cell *cells = sm_arena_alloc(evaluation->arena, count * sizeof(*cells)), *chosen = sm_arena_alloc(evaluation->arena, count * sizeof(*cells));
    memcpy(cells, filter->cells, count * sizeof(*cells));
    for (size_t i = 0; i < count; i++) {
        bool is_counted = i > 0 && cells[i - 1].kind == SM_JSON_PATH_OPERATOR && cells[i - 1].op == SM_JSON_PATH_COUNT;
        if ((is_counted || cells[i].kind == SM_JSON_PATH_PATH) && !look_up(evaluation, &cells[i], is_counted, member, root))
            return false;
        if (cells[i].kind == SM_JSON_PATH_MANY) /* stays small: as soon as it is above the limit the work is refused */
            choices = choices > SM_JSON_PATH_WORK_MAX ? choices : choices * cells[i].count;
    }
    *is_match = false;
    for (size_t turn = 0; turn < choices && !*is_match; turn++) {
        if (!sm_json_path_spend(evaluation->run, work))
            return false;
        choose(chosen, cells, count, turn);
        *is_match = holds(evaluation, chosen, count);
    }
    return !evaluation->run->error;
}

bool sm_json_path_filter(struct sm_json_path_run *run, const struct sm_json_path_filter *filter, struct sm_alloy_value *data,
                         struct sm_alloy_value *root, struct sm_arena *arena, struct sm_json_path_set *selected)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct evaluation evaluation = {.run = run, .arena = &scratch};
    size_t count = sm_json_path_child_count(data);
    bool is_good = sm_json_path_spend(run, 1);
    for (size_t i = 0; is_good && i < count; i++) {
        struct sm_alloy_value *member = sm_json_path_child(data, i);
        bool is_match;
        is_good = holds_for(&evaluation, filter, member, root, &is_match) && (!is_match || sm_json_path_add(run, selected, member, arena));
        sm_arena_reset(&scratch);
    }
    sm_arena_deinit(&scratch);
    return is_good;
}
