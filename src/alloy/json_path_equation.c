/* json_path_equation.c - the text of a filter to its cells.
 *
 * An expression is read with its operators nested to the right as they come, then brought into order by precedence, then written in prefix order.
 * Source: github.com/ohler55/ojg v1.28.2, jp. */
#include <stdlib.h>

#include "alloy/json_path_reader.h"
#include "wire/json_scanner.h"

struct operator_row {
    const char *name;
    enum sm_json_path_operator op;
    uint8_t precedence; /* lower ones come first */
    uint8_t operand_count;
};

static const struct operator_row group_row = {"(", SM_JSON_PATH_GROUP, 0, 1};
/* clang-format off */
static const struct operator_row operators[] = {
    {"==", SM_JSON_PATH_EQ, 3, 2},        {"!=", SM_JSON_PATH_NE, 3, 2},       {"<", SM_JSON_PATH_LT, 3, 2},        {">", SM_JSON_PATH_GT, 3, 2},
    {"<=", SM_JSON_PATH_LE, 3, 2},        {">=", SM_JSON_PATH_GE, 3, 2},       {"||", SM_JSON_PATH_OR, 4, 2},       {"&&", SM_JSON_PATH_AND, 4, 2},
    {"!", SM_JSON_PATH_NOT, 0, 1},        {"+", SM_JSON_PATH_ADD, 2, 2},       {"-", SM_JSON_PATH_SUBTRACT, 2, 2},  {"*", SM_JSON_PATH_MULTIPLY, 1, 2},
    {"/", SM_JSON_PATH_DIVIDE, 1, 2},     {"in", SM_JSON_PATH_IN, 3, 2},       {"empty", SM_JSON_PATH_EMPTY, 3, 2}, {"has", SM_JSON_PATH_HAS, 3, 2},
    {"exists", SM_JSON_PATH_HAS, 3, 2},   {"~=", SM_JSON_PATH_MATCHES, 3, 2},  {"=~", SM_JSON_PATH_MATCHES, 3, 2},  {"length", SM_JSON_PATH_LENGTH, 0, 1},
    {"count", SM_JSON_PATH_COUNT, 0, 1},  {"match", SM_JSON_PATH_MATCH, 0, 2}, {"search", SM_JSON_PATH_SEARCH, 0, 2},
};
/* clang-format on */
enum { OPERATOR_COUNT = sizeof(operators) / sizeof(operators[0]) };

/* A filter while it is read: an operator with its operands, or a value. */
struct equation {
    const struct operator_row *row; /* NULL: `value` */
    struct sm_json_path_cell value;
    struct equation *left, *right; /* NULL: missing */
};

/* ---- patterns and numbers */

/* Behind the slash. */
static bool take_pattern(struct sm_json_path_reader *reader, struct sm_json_path_cell *cell)
{
    size_t start = reader->at;
    while (!sm_json_path_is_at_end(reader)) {
        char c = reader->text[reader->at++];
        if (c == '/')
            break;
        if (c == '\\')
            reader->at++;
    }
    if (reader->at == start)
        return sm_json_path_fail_unclosed(reader);
    struct sm_error error;
    bool is_full;
    struct sm_slice pattern = sm_slice_make(reader->text + start, reader->at - 1 - start);
    const struct sm_regex *regex = sm_json_path_pattern(reader->patterns, pattern, &error, &is_full);
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_PATTERN, .regex = regex};
    return regex || sm_json_path_fail(reader, is_full ? "too many regular expressions" : sm_arena_printf(reader->arena, "%s", error.text));
}

static void take_digits(struct sm_json_path_reader *reader, char *last)
{
    while (!sm_json_path_is_at_end(reader)) {
        *last = reader->text[reader->at];
        if (!sm_json_path_is_digit(*last))
            break;
        reader->at++;
    }
}

static bool take_whole(struct sm_json_path_reader *reader, struct sm_slice text, struct sm_json_path_cell *cell)
{
    int64_t number;
    if (!sm_parse_int(text, INT64_MIN, INT64_MAX, &number)) {
        const char *why = sm_slice_is(text, "-") ? "invalid syntax" : "value out of range";
        return sm_json_path_fail(reader, sm_arena_printf(reader->arena, "strconv.ParseInt: parsing \"%.*s\": %s", SM_SLICE_ARGS(text), why));
    }
    cell->value = sm_alloy_int(reader->arena, number);
    return true;
}

/* What is no number counts as 0, what is too large as infinite. */
static bool take_fraction(struct sm_json_path_reader *reader, struct sm_slice text, struct sm_json_path_cell *cell)
{
    double number = 0;
    char *copy = sm_arena_strdup(reader->arena, text), *end;
    number = strtod(copy, &end);
    cell->value = sm_alloy_double(reader->arena, *end ? 0 : number);
    return true;
}

/* Behind the first byte. */
static bool take_number(struct sm_json_path_reader *reader, struct sm_json_path_cell *cell)
{
    size_t start = reader->at - 1;
    char last = reader->text[start];
    take_digits(reader, &last);
    bool has_point = last == '.';
    if (has_point) {
        reader->at++;
        take_digits(reader, &last);
    }
    if (last == 'e' || last == 'E') {
        reader->at++;
        if (sm_json_path_is_at_end(reader))
            return sm_json_path_fail(reader, "expected a number");
        last = reader->text[reader->at];
        if (last == '+' || last == '-') {
            reader->at++;
            if (sm_json_path_is_at_end(reader))
                return sm_json_path_fail(reader, "expected a number");
        }
        take_digits(reader, &last);
        has_point = true;
    }
    struct sm_slice text = sm_slice_make(reader->text + start, reader->at - start);
    return has_point ? take_fraction(reader, text, cell) : take_whole(reader, text, cell);
}

/* ---- operators and values */

static struct equation *take_equation(struct sm_json_path_reader *reader);

static struct equation *make_equation(struct sm_json_path_reader *reader, const struct operator_row *row)
{
    struct equation *equation = sm_arena_zalloc(reader->arena, 1, sizeof(*equation));
    equation->row = row;
    equation->value.value = sm_alloy_null(reader->arena);
    return equation;
}

static const struct operator_row *find_operator(struct sm_slice name)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (sm_slice_is(name, operators[i].name))
            return &operators[i];
    return NULL;
}

/* `begun` and `c` begin the name of an operator. */
static bool goes_on(struct sm_slice begun, char c)
{
    for (size_t i = 0; i < OPERATOR_COUNT; i++)
        if (strlen(operators[i].name) > begun.size && memcmp(operators[i].name, begun.ptr, begun.size) == 0 && operators[i].name[begun.size] == c)
            return true;
    return false;
}

static const struct operator_row *take_operator(struct sm_json_path_reader *reader)
{
    char c = sm_json_path_peek_behind_blanks(reader);
    struct sm_slice token = sm_slice_make(reader->text + reader->at, 0);
    while ((c && strchr("!&*+-/<=>ehi|~", c)) || (token.size && goes_on(token, c))) {
        token.size++;
        if (c == '-' && token.size > 1) {
            sm_json_path_fail_token(reader, token, "valid operation");
            return NULL;
        }
        reader->at++;
        if (sm_json_path_is_at_end(reader)) {
            sm_json_path_fail(reader, "equation not terminated");
            return NULL;
        }
        c = reader->text[reader->at];
    }
    const struct operator_row *row = find_operator(token);
    if (!row)
        sm_json_path_fail_token(reader, token, "valid operation");
    return row;
}

/* Behind "[". Only plain values count: anything else is a null in the list. */
static bool take_list(struct sm_json_path_reader *reader, struct sm_json_path_cell *list)
{
    struct sm_json_path_cell *cells = NULL;
    size_t count = 0, capacity = 0;
    char c = '\0';
    while (!sm_json_path_is_at_end(reader) && c != ']') {
        struct equation *equation = take_equation(reader);
        if (!equation)
            return false;
        cells = sm_arena_grow(reader->arena, cells, count, &capacity, count + 1, sizeof(*cells));
        cells[count++] = equation->value;
        c = sm_json_path_take_behind_blanks(reader);
        if (c != ',' && c != ']')
            return sm_json_path_fail(reader, "expected a comma or an array close");
    }
    *list = (struct sm_json_path_cell){.kind = SM_JSON_PATH_LIST, .list = cells, .count = count};
    return true;
}

static struct equation *take_call(struct sm_json_path_reader *reader, const struct operator_row *row)
{
    bool is_call = sm_json_path_is_at_end(reader) ? sm_json_path_fail_past_end(reader) : reader->text[reader->at] == '(';
    if (!is_call) {
        sm_json_path_fail(reader, sm_arena_printf(reader->arena, "expected a %s function", row->name));
        return NULL;
    }
    struct equation *equation = make_equation(reader, row);
    reader->at++;
    equation->left = take_equation(reader);
    if (equation->left && sm_json_path_peek_behind_blanks(reader) == ',') {
        reader->at++;
        equation->right = take_equation(reader);
        if (!equation->right)
            return NULL;
    }
    if (!equation->left || (sm_json_path_peek_behind_blanks(reader) != ')' && !sm_json_path_fail(reader, "not terminated")))
        return NULL;
    reader->at++;
    return equation;
}

static struct equation *take_word(struct sm_json_path_reader *reader)
{
    struct sm_slice word = sm_slice_make(reader->text + reader->at, 0);
    while (reader->at + word.size < reader->size && word.ptr[word.size] >= 'a' && word.ptr[word.size] <= 'z')
        word.size++;
    const struct operator_row *row = find_operator(word);
    struct equation *equation = make_equation(reader, NULL);
    bool is_true = sm_slice_is(word, "true");
    if (is_true || sm_slice_is(word, "false")) {
        equation->value.value = sm_alloy_bool(reader->arena, is_true);
    } else if (row) {
        reader->at += word.size;
        return take_call(reader, row);
    } else if (!sm_slice_is(word, "null")) {
        sm_json_path_fail_token(reader, word, "value or function");
        return NULL;
    }
    reader->at += word.size;
    return equation;
}

static bool take_nothing(struct sm_json_path_reader *reader, struct sm_json_path_cell *cell)
{
    for (const char *c = "Nothing"; *c; c++, reader->at++)
        if (sm_json_path_is_at_end(reader) || reader->text[reader->at] != *c)
            return sm_json_path_fail(reader, "expected Nothing");
    cell->kind = SM_JSON_PATH_NOTHING;
    return true;
}

static bool take_quoted_value(struct sm_json_path_reader *reader, struct sm_json_path_cell *cell)
{
    struct sm_slice text;
    if (!sm_json_path_take_text(reader, reader->text[reader->at - 1], &text))
        return false;
    cell->value = sm_alloy_string(reader->arena, text);
    return true;
}

static bool take_path_value(struct sm_json_path_reader *reader, struct sm_json_path_cell *cell)
{
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_PATH, .path = sm_json_path_take_path(reader)};
    return cell->path != NULL;
}

/* "(" or "!" with what belongs to it: all that follows. */
static struct equation *take_prefix(struct sm_json_path_reader *reader, char c)
{
    struct equation *equation = make_equation(reader, c == '(' ? &group_row : find_operator(SM_SLICE("!")));
    reader->at++;
    equation->left = take_equation(reader);
    if (!equation->left || (c == '(' && sm_json_path_peek_behind_blanks(reader) != ')' && !sm_json_path_fail(reader, "not terminated")))
        return NULL;
    reader->at += c == '(';
    return equation;
}

static struct equation *take_value(struct sm_json_path_reader *reader)
{
    char c = sm_json_path_peek_behind_blanks(reader);
    if (c == '!' || c == '(')
        return take_prefix(reader, c);
    struct equation *equation = make_equation(reader, NULL);
    bool is_good;
    if (c == '@' || c == '$') {
        is_good = take_path_value(reader, &equation->value);
    } else if (c == 'N') {
        is_good = take_nothing(reader, &equation->value);
    } else if (c && strchr("-0123456789'\"[/", c)) {
        reader->at++;
        is_good = c == '['                ? take_list(reader, &equation->value)
                  : c == '/'              ? take_pattern(reader, &equation->value)
                  : c == '\'' || c == '"' ? take_quoted_value(reader, &equation->value)
                                          : take_number(reader, &equation->value);
    } else {
        return take_word(reader);
    }
    return is_good ? equation : NULL;
}

/* A value and, when an operator follows, all that is behind it: `order` brings it into order afterwards. */
static struct equation *take_equation(struct sm_json_path_reader *reader)
{
    if (!sm_json_path_enter(reader))
        return NULL;
    struct equation *equation = take_value(reader);
    while (equation && !sm_json_path_is_at_end(reader)) {
        char c = sm_json_path_peek_behind_blanks(reader);
        if (c == '\0' || c == ',' || c == ')' || c == ']')
            break;
        const struct operator_row *row = take_operator(reader);
        struct equation *outer = row ? make_equation(reader, row) : NULL;
        if (outer) {
            outer->left = equation;
            outer->right = take_equation(reader);
        }
        equation = outer && outer->right ? outer : NULL;
    }
    reader->depth--;
    return equation;
}

/* Operators have been nested to the right as they came: those that bind closer go below, and of equal ones the left one. The order of the
 * reference's turns is kept, as its result depends on it; there are not more of them than the square of the operators' number. */
static struct equation *order(struct equation *equation)
{
    while (equation && equation->row) {
        equation->left = order(equation->left);
        struct equation *right = equation->right;
        if (!right || !right->row)
            return equation;
        if (equation->row->precedence <= right->row->precedence) {
            equation->right = right->left;
            right->left = equation;
            equation = right;
            continue;
        }
        equation->right = order(right);
        if (!equation->right->row || equation->row->precedence > equation->right->row->precedence)
            return equation;
    }
    return equation;
}

/* Leaves out the parentheses that say no more than the order does. */
static struct equation *open_groups(struct equation *equation, const struct operator_row *outer)
{
    if (!equation || !equation->row)
        return equation;
    const struct equation *inner = equation->left;
    if (equation->row == &group_row && (!outer || (inner && inner->row && inner->row->precedence < outer->precedence)))
        return open_groups(equation->left, outer);
    equation->left = open_groups(equation->left, equation->row);
    equation->right = open_groups(equation->right, equation->row);
    return equation;
}

static void flatten(struct sm_json_path_reader *reader, const struct equation *equation, struct sm_json_path_filter *filter, size_t *capacity)
{
    filter->cells = sm_arena_grow(reader->arena, filter->cells, filter->count, capacity, filter->count + 1, sizeof(*filter->cells));
    struct sm_json_path_cell *cell = &filter->cells[filter->count++];
    if (!equation || !equation->row) {
        *cell = equation ? equation->value : make_equation(reader, NULL)->value;
        return;
    }
    const struct operator_row *row = equation->row;
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_OPERATOR, .op = row->op, .operand_count = row->operand_count};
    flatten(reader, equation->left, filter, capacity);
    if (row->operand_count > 1)
        flatten(reader, equation->right, filter, capacity);
}

/* Behind "[?". */
bool sm_json_path_take_filter(struct sm_json_path_reader *reader, struct sm_json_path_step *step)
{
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail(reader, "not terminated");
    struct equation *equation = take_equation(reader);
    if (!equation)
        return false;
    equation = open_groups(order(equation), NULL);
    if (sm_json_path_peek_behind_blanks(reader) != ']' && !sm_json_path_fail(reader, "not terminated"))
        return false;
    reader->at++;
    size_t capacity = 0;
    step->kind = SM_JSON_PATH_FILTER;
    step->filter = sm_arena_zalloc(reader->arena, 1, sizeof(*step->filter));
    flatten(reader, equation, step->filter, &capacity);
    return true;
}
