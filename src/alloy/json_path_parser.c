/* json_path_parser.c - the text of a path to its steps, filters included.
 *
 * Reads byte by byte as the reference's parser does, so that what it takes by the way (an unterminated string at the end, a dollar behind a name) is
 * taken here and its messages count the same bytes. Source: github.com/ohler55/ojg v1.28.2, jp. */
#include <stdlib.h>

#include "alloy/json_path.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "wire/json_scanner.h"

enum { RANGE_END = INT32_MAX /* what [n:] ends with */ };

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

struct parser {
    const char *text;
    size_t size, at;
    struct sm_arena *arena;
    struct sm_json_path_patterns *patterns;
    const char *error; /* arena */
    unsigned depth;
    bool is_first, is_behind_descent; /* of the path that is being read */
};

/* ---- errors; all return false or NULL */

static bool fail_plain(struct parser *parser, const char *message)
{
    if (!parser->error)
        parser->error = message;
    return false;
}

/* With the place and the whole path behind it. */
static bool fail(struct parser *parser, const char *message)
{
    struct sm_bytes text;
    sm_bytes_init(&text, parser->arena);
    sm_bytes_printf(&text, "%s at %zu in ", message, parser->at + 1);
    sm_bytes_append(&text, parser->text, parser->size);
    return fail_plain(parser, sm_bytes_cstr(&text));
}

static bool fail_token(struct parser *parser, struct sm_slice token, const char *what)
{
    return fail(parser, sm_arena_printf(parser->arena, "'%.*s' is not a %s", SM_SLICE_ARGS(token), what));
}

static bool fail_past_end(struct parser *parser)
{
    return fail_plain(parser, sm_arena_printf(parser->arena, "runtime error: index out of range [%zu] with length %zu", parser->at, parser->size));
}

/* A byte as the character of its number. */
static const char *shown(struct parser *parser, char byte)
{
    char *text = sm_arena_alloc(parser->arena, SM_UTF8_SIZE_MAX + 1);
    text[sm_utf8_write((unsigned char)byte, text)] = '\0';
    return text;
}

static bool fail_byte(struct parser *parser, char byte, const char *what)
{
    return fail_plain(parser, sm_arena_printf(parser->arena, "0x%02x (%s) is not a valid %s", (unsigned char)byte, shown(parser, byte), what));
}

static bool enter(struct parser *parser)
{
    return ++parser->depth <= SM_JSON_PATH_NESTING_MAX || fail(parser, "nested too deeply");
}

/* ---- bytes */

static bool is_at_end(const struct parser *parser)
{
    return parser->at >= parser->size;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a name after a dot is made of. */
static bool is_name(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || (byte > ' ' && byte < 0x7f && !strchr("!\"$&'()*+,-./:<=>@[\\]`", c));
}

/* Takes what comes next but for blanks; at the end the last blank, or NUL when there was none. */
static char take_behind_blanks(struct parser *parser)
{
    char c = '\0';
    while (!is_at_end(parser)) {
        c = parser->text[parser->at++];
        if (c != ' ')
            break;
    }
    return c;
}

/* What comes next but for blanks, without taking it; NUL at the end. */
static char peek_behind_blanks(struct parser *parser)
{
    while (!is_at_end(parser) && parser->text[parser->at] == ' ')
        parser->at++;
    return is_at_end(parser) ? '\0' : parser->text[parser->at];
}

/* Behind the first byte `*next` of a number; leaves the byte behind it in `*next`, taken. Too large numbers wrap. */
static bool take_index(struct parser *parser, char *next, int64_t *index)
{
    bool is_negative = *next == '-';
    uint64_t number = 0;
    if (is_negative) {
        if (is_at_end(parser))
            return fail(parser, "expected a number");
        *next = parser->text[parser->at++];
    }
    size_t start = parser->at;
    while (is_digit(*next)) {
        number = number * 10 + (uint64_t)(*next - '0');
        if (is_at_end(parser))
            break;
        *next = parser->text[parser->at++];
    }
    if (parser->at == start)
        return fail(parser, "expected a number");
    *index = (int64_t)(is_negative ? -number : number);
    return true;
}

/* ---- texts */

static bool take_hex(struct parser *parser, char byte, uint32_t *number)
{
    int digit = sm_hex_value(byte);
    if (digit < 0)
        return fail_byte(parser, byte, "hexadecimal character");
    *number = *number << 4 | (uint32_t)digit;
    return true;
}

/* Behind the "x" or "u" that is `letter`. */
static bool take_code(struct parser *parser, char letter, struct sm_bytes *text)
{
    uint32_t code = 0;
    for (int i = letter == 'x' ? 2 : 4; i > 0; i--) {
        if (is_at_end(parser))
            return fail_byte(parser, parser->text[parser->at - 1], "escaped character");
        if (!take_hex(parser, parser->text[parser->at++], &code))
            return false;
    }
    if (letter == 'x')
        sm_bytes_append_char(text, (char)code);
    else
        text->size += sm_utf8_write(code >= 0xd800 && code <= 0xdfff ? SM_RUNE_ERROR : code, sm_bytes_reserve(text, SM_UTF8_SIZE_MAX));
    return true;
}

/* Behind a backslash. */
static bool take_escape(struct parser *parser, struct sm_bytes *text)
{
    static const char letters[] = "btnfr\"'\\", meant[] = "\b\t\n\f\r\"'\\";
    if (is_at_end(parser))
        return fail_past_end(parser);
    char letter = parser->text[parser->at++];
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (found)
        sm_bytes_append_char(text, meant[found - letters]);
    else if (letter == 'x' || letter == 'u' || letter == 'U')
        return take_code(parser, letter, text);
    return found || fail_byte(parser, letter, "escaped character");
}

/* Behind the quote. A text that is not terminated ends with the path; without escapes it loses its last byte, and what follows is missed then. */
static bool take_text(struct parser *parser, char quote, struct sm_slice *result)
{
    struct sm_bytes text;
    sm_bytes_init(&text, parser->arena);
    size_t start = parser->at;
    bool has_escapes = false, is_closed = false;
    while (!is_at_end(parser) && !is_closed) {
        char c = parser->text[parser->at++];
        is_closed = c == quote;
        if (c == '\\' && !take_escape(parser, &text))
            return false;
        has_escapes = has_escapes || c == '\\';
        if (c != '\\' && !is_closed)
            sm_bytes_append_char(&text, c);
    }
    if (parser->at == start)
        return fail_plain(parser, sm_arena_printf(parser->arena, "runtime error: slice bounds out of range [%zu:%zu]", start, start - 1));
    if (!is_closed && !has_escapes)
        text.size--;
    *result = sm_bytes_slice(&text);
    return true;
}

/* Behind the slash. */
static bool take_pattern(struct parser *parser, struct sm_json_path_cell *cell)
{
    size_t start = parser->at;
    while (!is_at_end(parser)) {
        char c = parser->text[parser->at++];
        if (c == '/')
            break;
        if (c == '\\')
            parser->at++;
    }
    if (parser->at == start)
        return fail_plain(parser, sm_arena_printf(parser->arena, "runtime error: slice bounds out of range [%zu:%zu]", start, start - 1));
    struct sm_error error;
    bool is_full;
    struct sm_slice pattern = sm_slice_make(parser->text + start, parser->at - 1 - start);
    const struct sm_regex *regex = sm_json_path_pattern(parser->patterns, pattern, &error, &is_full);
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_PATTERN, .regex = regex};
    return regex || fail(parser, is_full ? "too many regular expressions" : sm_arena_printf(parser->arena, "%s", error.text));
}

/* ---- numbers of filters */

static void take_digits(struct parser *parser, char *last)
{
    while (!is_at_end(parser)) {
        *last = parser->text[parser->at];
        if (!is_digit(*last))
            break;
        parser->at++;
    }
}

static bool take_whole(struct parser *parser, struct sm_slice text, struct sm_json_path_cell *cell)
{
    int64_t number;
    if (!sm_parse_int(text, INT64_MIN, INT64_MAX, &number)) {
        const char *why = sm_slice_is(text, "-") ? "invalid syntax" : "value out of range";
        return fail(parser, sm_arena_printf(parser->arena, "strconv.ParseInt: parsing \"%.*s\": %s", SM_SLICE_ARGS(text), why));
    }
    cell->value = sm_alloy_int(parser->arena, number);
    return true;
}

/* What is no number counts as 0, what is too large as infinite. */
static bool take_fraction(struct parser *parser, struct sm_slice text, struct sm_json_path_cell *cell)
{
    double number = 0;
    char *copy = sm_arena_strdup(parser->arena, text), *end;
    number = strtod(copy, &end);
    cell->value = sm_alloy_double(parser->arena, *end ? 0 : number);
    return true;
}

/* Behind the first byte. */
static bool take_number(struct parser *parser, struct sm_json_path_cell *cell)
{
    size_t start = parser->at - 1;
    char last = parser->text[start];
    take_digits(parser, &last);
    bool has_point = last == '.';
    if (has_point) {
        parser->at++;
        take_digits(parser, &last);
    }
    if (last == 'e' || last == 'E') {
        parser->at++;
        if (is_at_end(parser))
            return fail(parser, "expected a number");
        last = parser->text[parser->at];
        if (last == '+' || last == '-') {
            parser->at++;
            if (is_at_end(parser))
                return fail(parser, "expected a number");
        }
        take_digits(parser, &last);
        has_point = true;
    }
    struct sm_slice text = sm_slice_make(parser->text + start, parser->at - start);
    return has_point ? take_fraction(parser, text, cell) : take_whole(parser, text, cell);
}

/* ---- filters */

static struct equation *take_equation(struct parser *parser);
static struct sm_json_path *take_path(struct parser *parser);

static struct equation *make_equation(struct parser *parser, const struct operator_row *row)
{
    struct equation *equation = sm_arena_zalloc(parser->arena, 1, sizeof(*equation));
    equation->row = row;
    equation->value.value = sm_alloy_null(parser->arena);
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

static const struct operator_row *take_operator(struct parser *parser)
{
    char c = peek_behind_blanks(parser);
    struct sm_slice token = sm_slice_make(parser->text + parser->at, 0);
    while ((c && strchr("!&*+-/<=>ehi|~", c)) || (token.size && goes_on(token, c))) {
        token.size++;
        if (c == '-' && token.size > 1) {
            fail_token(parser, token, "valid operation");
            return NULL;
        }
        parser->at++;
        if (is_at_end(parser)) {
            fail(parser, "equation not terminated");
            return NULL;
        }
        c = parser->text[parser->at];
    }
    const struct operator_row *row = find_operator(token);
    if (!row)
        fail_token(parser, token, "valid operation");
    return row;
}

/* Behind "[". Only plain values count: anything else is a null in the list. */
static bool take_list(struct parser *parser, struct sm_json_path_cell *list)
{
    struct sm_json_path_cell *cells = NULL;
    size_t count = 0, capacity = 0;
    char c = '\0';
    while (!is_at_end(parser) && c != ']') {
        struct equation *equation = take_equation(parser);
        if (!equation)
            return false;
        cells = sm_arena_grow(parser->arena, cells, count, &capacity, count + 1, sizeof(*cells));
        cells[count++] = equation->value;
        c = take_behind_blanks(parser);
        if (c != ',' && c != ']')
            return fail(parser, "expected a comma or an array close");
    }
    *list = (struct sm_json_path_cell){.kind = SM_JSON_PATH_LIST, .list = cells, .count = count};
    return true;
}

static struct equation *take_call(struct parser *parser, const struct operator_row *row)
{
    bool is_call = is_at_end(parser) ? fail_past_end(parser) : parser->text[parser->at] == '(';
    if (!is_call) {
        fail(parser, sm_arena_printf(parser->arena, "expected a %s function", row->name));
        return NULL;
    }
    struct equation *equation = make_equation(parser, row);
    parser->at++;
    equation->left = take_equation(parser);
    if (equation->left && peek_behind_blanks(parser) == ',') {
        parser->at++;
        equation->right = take_equation(parser);
        if (!equation->right)
            return NULL;
    }
    if (!equation->left || (peek_behind_blanks(parser) != ')' && !fail(parser, "not terminated")))
        return NULL;
    parser->at++;
    return equation;
}

static struct equation *take_word(struct parser *parser)
{
    struct sm_slice word = sm_slice_make(parser->text + parser->at, 0);
    while (parser->at + word.size < parser->size && word.ptr[word.size] >= 'a' && word.ptr[word.size] <= 'z')
        word.size++;
    const struct operator_row *row = find_operator(word);
    struct equation *equation = make_equation(parser, NULL);
    bool is_true = sm_slice_is(word, "true");
    if (is_true || sm_slice_is(word, "false")) {
        equation->value.value = sm_alloy_bool(parser->arena, is_true);
    } else if (row) {
        parser->at += word.size;
        return take_call(parser, row);
    } else if (!sm_slice_is(word, "null")) {
        fail_token(parser, word, "value or function");
        return NULL;
    }
    parser->at += word.size;
    return equation;
}

static bool take_nothing(struct parser *parser, struct sm_json_path_cell *cell)
{
    for (const char *c = "Nothing"; *c; c++, parser->at++)
        if (is_at_end(parser) || parser->text[parser->at] != *c)
            return fail(parser, "expected Nothing");
    cell->kind = SM_JSON_PATH_NOTHING;
    return true;
}

static bool take_quoted_value(struct parser *parser, struct sm_json_path_cell *cell)
{
    struct sm_slice text;
    if (!take_text(parser, parser->text[parser->at - 1], &text))
        return false;
    cell->value = sm_alloy_string(parser->arena, text);
    return true;
}

static bool take_path_value(struct parser *parser, struct sm_json_path_cell *cell)
{
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_PATH, .path = take_path(parser)};
    return cell->path != NULL;
}

/* "(" or "!" with what belongs to it: all that follows. */
static struct equation *take_prefix(struct parser *parser, char c)
{
    struct equation *equation = make_equation(parser, c == '(' ? &group_row : find_operator(SM_SLICE("!")));
    parser->at++;
    equation->left = take_equation(parser);
    if (!equation->left || (c == '(' && peek_behind_blanks(parser) != ')' && !fail(parser, "not terminated")))
        return NULL;
    parser->at += c == '(';
    return equation;
}

static struct equation *take_value(struct parser *parser)
{
    char c = peek_behind_blanks(parser);
    if (c == '!' || c == '(')
        return take_prefix(parser, c);
    struct equation *equation = make_equation(parser, NULL);
    bool is_good;
    if (c == '@' || c == '$') {
        is_good = take_path_value(parser, &equation->value);
    } else if (c == 'N') {
        is_good = take_nothing(parser, &equation->value);
    } else if (c && strchr("-0123456789'\"[/", c)) {
        parser->at++;
        is_good = c == '['                ? take_list(parser, &equation->value)
                  : c == '/'              ? take_pattern(parser, &equation->value)
                  : c == '\'' || c == '"' ? take_quoted_value(parser, &equation->value)
                                          : take_number(parser, &equation->value);
    } else {
        return take_word(parser);
    }
    return is_good ? equation : NULL;
}

/* A value and, when an operator follows, all that is behind it: `order` brings it into order afterwards. */
static struct equation *take_equation(struct parser *parser)
{
    if (!enter(parser))
        return NULL;
    struct equation *equation = take_value(parser);
    while (equation && !is_at_end(parser)) {
        char c = peek_behind_blanks(parser);
        if (c == '\0' || c == ',' || c == ')' || c == ']')
            break;
        const struct operator_row *row = take_operator(parser);
        struct equation *outer = row ? make_equation(parser, row) : NULL;
        if (outer) {
            outer->left = equation;
            outer->right = take_equation(parser);
        }
        equation = outer && outer->right ? outer : NULL;
    }
    parser->depth--;
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

static void flatten(struct parser *parser, const struct equation *equation, struct sm_json_path_filter *filter, size_t *capacity)
{
    filter->cells = sm_arena_grow(parser->arena, filter->cells, filter->count, capacity, filter->count + 1, sizeof(*filter->cells));
    struct sm_json_path_cell *cell = &filter->cells[filter->count++];
    if (!equation || !equation->row) {
        *cell = equation ? equation->value : make_equation(parser, NULL)->value;
        return;
    }
    const struct operator_row *row = equation->row;
    *cell = (struct sm_json_path_cell){.kind = SM_JSON_PATH_OPERATOR, .op = row->op, .operand_count = row->operand_count};
    flatten(parser, equation->left, filter, capacity);
    if (row->operand_count > 1)
        flatten(parser, equation->right, filter, capacity);
}

/* Behind "[?". */
static bool take_filter(struct parser *parser, struct sm_json_path_step *step)
{
    if (is_at_end(parser))
        return fail(parser, "not terminated");
    struct equation *equation = take_equation(parser);
    if (!equation)
        return false;
    equation = open_groups(order(equation), NULL);
    if (peek_behind_blanks(parser) != ']' && !fail(parser, "not terminated"))
        return false;
    parser->at++;
    size_t capacity = 0;
    step->kind = SM_JSON_PATH_FILTER;
    step->filter = sm_arena_zalloc(parser->arena, 1, sizeof(*step->filter));
    flatten(parser, equation, step->filter, &capacity);
    return true;
}

/* ---- brackets */

/* Behind ":" or "n:". */
static bool take_range(struct parser *parser, int64_t start, struct sm_json_path_step *step)
{
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_RANGE, .start = start, .end = RANGE_END, .step = 1};
    if (is_at_end(parser))
        return fail(parser, "not terminated");
    if (parser->text[parser->at] == ']') {
        parser->at++;
        return true;
    }
    char c = take_behind_blanks(parser);
    if (c != ':' && !take_index(parser, &c, &step->end))
        return false;
    if (c == ':') {
        if (is_at_end(parser))
            return fail(parser, "not terminated");
        c = parser->text[parser->at++];
        if (c != ']' && !take_index(parser, &c, &step->step))
            return false;
    }
    return c == ']' || fail(parser, "invalid slice syntax");
}

/* Behind the first member and the comma. */
static bool take_union(struct parser *parser, const struct sm_json_path_member *first, struct sm_json_path_step *step)
{
    if (is_at_end(parser))
        return fail(parser, "not terminated");
    size_t capacity = 0;
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_UNION};
    struct sm_json_path_member member = *first;
    char c = ',';
    for (;;) {
        step->members = sm_arena_grow(parser->arena, step->members, step->member_count, &capacity, step->member_count + 1, sizeof(member));
        step->members[step->member_count++] = member;
        if (c == ']')
            return true;
        if (c != ',')
            return fail(parser, "invalid union syntax");
        c = take_behind_blanks(parser);
        member = (struct sm_json_path_member){.is_name = c == '\'' || c == '"'};
        if (member.is_name               ? !take_text(parser, c, &member.name)
            : !(c == '-' || is_digit(c)) ? !fail(parser, "invalid union syntax")
                                         : !take_index(parser, &c, &member.index))
            return false;
        if (member.is_name || c == ' ')
            c = take_behind_blanks(parser);
    }
}

/* A name in quotes or an index, `c` being its first byte, and what else the bracket holds. */
static bool take_member(struct parser *parser, char c, struct sm_json_path_step *step)
{
    struct sm_json_path_member *member = &step->member;
    member->is_name = c == '\'' || c == '"';
    step->kind = member->is_name ? SM_JSON_PATH_CHILD : SM_JSON_PATH_INDEX;
    if (member->is_name ? !take_text(parser, c, &member->name) : !take_index(parser, &c, &member->index))
        return false;
    if (member->is_name || c == ' ')
        c = take_behind_blanks(parser);
    struct sm_json_path_member first = *member;
    if (c == ',')
        return take_union(parser, &first, step);
    if (c == ':' && !first.is_name)
        return take_range(parser, first.index, step);
    return c == ']' || fail(parser, "invalid bracket fragment");
}

/* Behind "[(": procedures are refused in words of the reference, whose program has no compiler for them either. */
static bool refuse_procedure(struct parser *parser)
{
    bool is_closed = memmem(parser->text, parser->size, ")]", 2) != NULL;
    return is_closed ? fail_plain(parser, "jp.CompileScript has not been set") : fail(parser, "not terminated");
}

/* Behind "[". */
static bool take_bracket(struct parser *parser, struct sm_json_path_step *step)
{
    if (is_at_end(parser))
        return fail(parser, "not terminated");
    char c = take_behind_blanks(parser);
    if (c == '\'' || c == '"' || c == '-' || is_digit(c))
        return take_member(parser, c, step);
    switch (c) {
    case '*':
        step->kind = SM_JSON_PATH_ALL;
        return take_behind_blanks(parser) == ']' || fail(parser, "not terminated");
    case ':':
        return take_range(parser, 0, step);
    case '?':
        return take_filter(parser, step);
    case '(':
        return refuse_procedure(parser);
    }
    parser->at--;
    return fail(parser, "parse error");
}

/* ---- steps */

static bool take_name(struct parser *parser, struct sm_json_path_step *step)
{
    size_t start = parser->at;
    while (!is_at_end(parser) && is_name(parser->text[parser->at]))
        parser->at++;
    step->kind = SM_JSON_PATH_CHILD;
    step->member = (struct sm_json_path_member){.is_name = true, .name = sm_slice_make(parser->text + start, parser->at - start)};
    return true;
}

static bool take_behind_dot(struct parser *parser, struct sm_json_path_step *step)
{
    if (is_at_end(parser))
        return fail(parser, "not terminated");
    char c = parser->text[parser->at];
    if (is_name(c))
        return take_name(parser, step);
    parser->at++;
    if (c != '*' && c != '.')
        return fail(parser, sm_arena_printf(parser->arena, "an expression fragment can not start with a '%s'", shown(parser, c)));
    step->kind = c == '*' ? SM_JSON_PATH_ALL : SM_JSON_PATH_DESCENT;
    return true;
}

/* False at the end of the path, or with an error. */
static bool take_step(struct parser *parser, struct sm_json_path_step *step)
{
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_ALL};
    if (is_at_end(parser))
        return false;
    char c = parser->text[parser->at];
    if (is_name(c))
        return parser->is_first ? take_behind_dot(parser, step) : parser->is_behind_descent && take_name(parser, step);
    switch (c) {
    case '$':
    case '@':
        parser->at++; /* also where it means nothing */
        step->kind = c == '$' ? SM_JSON_PATH_ROOT : SM_JSON_PATH_THIS;
        return parser->is_first;
    case '.':
        parser->at++;
        return take_behind_dot(parser, step);
    case '*':
        parser->at++;
        return true;
    case '[':
        parser->at++;
        return take_bracket(parser, step);
    }
    return false;
}

static struct sm_json_path *take_path(struct parser *parser)
{
    struct sm_json_path *path = sm_arena_zalloc(parser->arena, 1, sizeof(*path));
    struct sm_json_path_step step;
    size_t capacity = 0;
    if (!enter(parser))
        return NULL;
    parser->is_first = true;
    parser->is_behind_descent = false;
    while (take_step(parser, &step)) {
        path->steps = sm_arena_grow(parser->arena, path->steps, path->count, &capacity, path->count + 1, sizeof(step));
        path->steps[path->count++] = step;
        parser->is_first = false; /* also behind a filter, whose paths have changed it */
        parser->is_behind_descent = step.kind == SM_JSON_PATH_DESCENT;
    }
    parser->depth--;
    return parser->error ? NULL : path;
}

struct sm_json_path *sm_json_path_parse(struct sm_slice text, struct sm_json_path_patterns *patterns, struct sm_arena *arena, const char **reason)
{
    struct parser parser = {.text = text.ptr ? text.ptr : "", .size = text.size, .arena = arena, .patterns = patterns};
    struct sm_json_path *path = take_path(&parser);
    if (path && !is_at_end(&parser))
        fail(&parser, "parse error");
    *reason = parser.error;
    return parser.error ? NULL : path;
}
