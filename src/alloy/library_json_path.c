/* library_json_path.c - json_path: what a JSONPath expression selects.
 *
 * $ @ .name ['name'] [n] [a,b] [from:to:step] .* [*] ..name and filters [?(…)] with == != < <= > >= && || ! ( ) and paths, texts, numbers, true,
 * false, null in them. What is not known is refused. Source: the JSONPath dialect of github.com/ohler55/ojg. */
#include <stdlib.h>

#include "alloy/convert.h"
#include "alloy/json_value.h"
#include "alloy/library.h"
#include "base/ascii.h"
#include "wire/json_scanner.h"

enum { DEPTH_MAX = 64, SELECTED_MAX = 100000 };

struct set {
    struct sm_alloy_value **items;
    size_t count, capacity;
};

struct path {
    const char *at, *end;
    struct sm_arena *arena;
    const char *error;
    unsigned depth;
};

static bool fail(struct path *path, const char *error)
{
    if (!path->error)
        path->error = error;
    return false;
}

static void add(struct path *path, struct set *set, struct sm_alloy_value *value)
{
    if (set->count == SELECTED_MAX) {
        fail(path, "the path selects too much");
        return;
    }
    set->items = sm_arena_grow(path->arena, set->items, set->count, &set->capacity, set->count + 1, sizeof(struct sm_alloy_value *));
    set->items[set->count++] = value;
}

static char peek(struct path *path)
{
    while (path->at < path->end && *path->at == ' ')
        path->at++;
    return path->at < path->end ? *path->at : '\0';
}

static bool try_text(struct path *path, const char *text)
{
    size_t size = strlen(text);
    peek(path);
    if ((size_t)(path->end - path->at) < size || memcmp(path->at, text, size) != 0)
        return false;
    path->at += size;
    return true;
}

static bool is_name_char(char c)
{
    return (unsigned char)c >= 0x80 || sm_ascii_is_alnum(c) || c == '_' || c == '-' || c == '$';
}

static struct sm_slice take_name(struct path *path)
{
    const char *start = path->at;
    while (path->at < path->end && is_name_char(*path->at))
        path->at++;
    return sm_slice_make(start, (size_t)(path->at - start));
}

static struct sm_slice take_quoted(struct path *path)
{
    char quote = *path->at++;
    struct sm_bytes text;
    sm_bytes_init(&text, path->arena);
    while (path->at < path->end && *path->at != quote) {
        if (*path->at == '\\' && path->at + 1 < path->end)
            path->at++;
        sm_bytes_append_char(&text, *path->at++);
    }
    if (path->at == path->end)
        fail(path, "a string is not terminated");
    else
        path->at++;
    return sm_bytes_slice(&text);
}

static bool take_int(struct path *path, int64_t *number)
{
    char *end;
    peek(path);
    size_t size = 0;
    char text[24];
    while (size + 1 < sizeof(text) && path->at + size < path->end &&
           ((path->at[size] >= '0' && path->at[size] <= '9') || (size == 0 && path->at[0] == '-'))) {
        text[size] = path->at[size];
        size++;
    }
    text[size] = '\0';
    *number = strtoll(text, &end, 10);
    if (end == text)
        return false;
    path->at += size;
    return true;
}

/* ---- selecting */

static void select_name(struct path *path, const struct set *from, struct sm_slice name, struct set *to)
{
    for (size_t i = 0; i < from->count; i++) {
        struct sm_alloy_value *value = sm_alloy_object_find(from->items[i], name);
        if (value)
            add(path, to, value);
    }
}

static void select_all(struct path *path, const struct set *from, struct set *to)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct sm_alloy_value *value = from->items[i];
        size_t count = value->type == SM_ALLOY_TYPE_ARRAY ? value->array.count : value->type == SM_ALLOY_TYPE_OBJECT ? value->object.count : 0;
        for (size_t k = 0; k < count; k++)
            add(path, to, value->type == SM_ALLOY_TYPE_ARRAY ? value->array.items[k] : value->object.entries[k].value);
    }
}

static void select_index(struct path *path, const struct set *from, int64_t index, struct set *to)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct sm_alloy_value *value = from->items[i];
        if (value->type != SM_ALLOY_TYPE_ARRAY)
            continue;
        int64_t at = index < 0 ? index + (int64_t)value->array.count : index;
        if (at >= 0 && (uint64_t)at < value->array.count)
            add(path, to, value->array.items[at]);
    }
}

static int64_t bound(int64_t index, int64_t count)
{
    index = index < 0 ? index + count : index;
    return index < 0 ? 0 : index > count ? count : index;
}

static void select_range(struct path *path, const struct set *from, const int64_t parts[3], const bool has[3], struct set *to)
{
    int64_t step = has[2] ? parts[2] : 1;
    for (size_t i = 0; i < from->count && step > 0; i++) {
        const struct sm_alloy_value *value = from->items[i];
        if (value->type != SM_ALLOY_TYPE_ARRAY)
            continue;
        int64_t count = (int64_t)value->array.count, end = has[1] ? bound(parts[1], count) : count;
        for (int64_t k = has[0] ? bound(parts[0], count) : 0; k < end; k += step < count ? step : count + 1)
            add(path, to, value->array.items[k]);
    }
}

/* Everything below, the values themselves first. */
static void descend(struct path *path, struct sm_alloy_value *value, struct set *to, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return;
    add(path, to, value);
    struct set one = {.items = &value, .count = 1}, children = {0};
    select_all(path, &one, &children);
    for (size_t i = 0; i < children.count; i++)
        descend(path, children.items[i], to, depth + 1);
}

/* ---- filters: parsed again for every element, which keeps them without a tree */

static bool walk(struct path *path, struct set *set);

struct operand {
    const struct sm_alloy_value *value; /* NULL: the path selects nothing */
};

static bool take_operand(struct path *path, struct sm_alloy_value *element, struct operand *operand)
{
    char c = peek(path);
    double number;
    if (c == '@' || c == '$') {
        struct set set = {0};
        add(path, &set, element);
        path->at++;
        if (!walk(path, &set))
            return false;
        operand->value = set.count ? set.items[0] : NULL;
        return true;
    }
    if (c == '\'' || c == '"') {
        operand->value = sm_alloy_string(path->arena, take_quoted(path));
        return !path->error;
    }
    if (try_text(path, "true") || try_text(path, "false")) {
        operand->value = sm_alloy_bool(path->arena, c == 't');
        return true;
    }
    if (try_text(path, "null")) {
        operand->value = sm_alloy_null(path->arena);
        return true;
    }
    const char *start = path->at;
    while (path->at < path->end && *path->at && strchr("+-.0123456789eE", *path->at))
        path->at++;
    if (!sm_parse_double(sm_slice_make(start, (size_t)(path->at - start)), path->arena, &number))
        return fail(path, "a filter has an operand that is not known");
    operand->value = sm_alloy_double(path->arena, number);
    return true;
}

static bool compare(const struct sm_alloy_value *left, const char *op, const struct sm_alloy_value *right)
{
    if (op[0] == '=' || op[0] == '!')
        return (left && right && sm_alloy_equal(left, right)) == (op[0] == '=');
    if (!left || !right || left->type != right->type)
        return false;
    int order;
    if (left->type == SM_ALLOY_TYPE_NUMBER)
        order = (sm_alloy_number_double(left) > sm_alloy_number_double(right)) - (sm_alloy_number_double(left) < sm_alloy_number_double(right));
    else if (left->type == SM_ALLOY_TYPE_STRING)
        order = sm_slice_compare(left->text, right->text);
    else
        return false;
    return (op[1] == '=' && order == 0) || (op[0] == '<' ? order < 0 : order > 0);
}

static bool take_or(struct path *path, struct sm_alloy_value *element, bool *holds);

static bool take_condition(struct path *path, struct sm_alloy_value *element, bool *holds)
{
    static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
    if (++path->depth > DEPTH_MAX)
        return fail(path, "a filter is nested too deeply");
    bool is_good;
    struct operand left = {0}, right = {0};
    if (try_text(path, "(")) {
        is_good = take_or(path, element, holds) && (try_text(path, ")") || fail(path, "a filter lacks a closing parenthesis"));
    } else if (peek(path) == '!') {
        path->at++;
        is_good = take_condition(path, element, holds);
        *holds = !*holds;
    } else {
        is_good = take_operand(path, element, &left);
        *holds = left.value != NULL && !(left.value->type == SM_ALLOY_TYPE_BOOL && !left.value->boolean);
        for (size_t i = 0; is_good && i < sizeof(operators) / sizeof(operators[0]); i++)
            if (try_text(path, operators[i])) {
                is_good = take_operand(path, element, &right);
                *holds = is_good && compare(left.value, operators[i], right.value);
                break;
            }
    }
    path->depth--;
    return is_good;
}

static bool take_and(struct path *path, struct sm_alloy_value *element, bool *holds)
{
    bool is_good = take_condition(path, element, holds);
    while (is_good && try_text(path, "&&")) {
        bool other;
        is_good = take_condition(path, element, &other);
        *holds = *holds && other;
    }
    return is_good;
}

static bool take_or(struct path *path, struct sm_alloy_value *element, bool *holds)
{
    bool is_good = take_and(path, element, holds);
    while (is_good && try_text(path, "||")) {
        bool other;
        is_good = take_and(path, element, &other);
        *holds = *holds || other;
    }
    return is_good;
}

static bool select_filtered(struct path *path, const struct set *from, struct set *to)
{
    struct set all = {0};
    select_all(path, from, &all);
    const char *start = path->at;
    bool holds;
    struct sm_alloy_value *nothing = sm_alloy_null(path->arena);
    if (!take_or(path, nothing, &holds)) /* finds the end, also when there is no element */
        return false;
    const char *end = path->at;
    for (size_t i = 0; i < all.count; i++) {
        path->at = start;
        if (!take_or(path, all.items[i], &holds))
            return false;
        if (holds)
            add(path, to, all.items[i]);
    }
    path->at = end;
    return true;
}

/* ---- steps */

static bool select_numbers(struct path *path, const struct set *from, struct set *to)
{
    int64_t parts[3] = {0};
    bool has[3] = {false};
    has[0] = take_int(path, &parts[0]);
    if (peek(path) != ':') {
        if (!has[0])
            return fail(path, "a bracket holds what is not known");
        select_index(path, from, parts[0], to);
        return true;
    }
    for (int i = 1; i < 3 && peek(path) == ':'; i++) {
        path->at++;
        has[i] = take_int(path, &parts[i]);
    }
    select_range(path, from, parts, has, to);
    return true;
}

/* Behind "[". */
static bool take_bracket(struct path *path, const struct set *from, struct set *to)
{
    do {
        char c = peek(path);
        if (c == '*') {
            path->at++;
            select_all(path, from, to);
        } else if (c == '?') {
            path->at++;
            if (!select_filtered(path, from, to))
                return false;
        } else if (c == '\'' || c == '"') {
            select_name(path, from, take_quoted(path), to);
        } else if (!select_numbers(path, from, to)) {
            return false;
        }
    } while (try_text(path, ","));
    return (try_text(path, "]") && !path->error) || fail(path, "a bracket is not closed");
}

/* One step; false at the end of the path or after an error. */
static bool take_step(struct path *path, struct set *set)
{
    struct set next = {0};
    if (path->at >= path->end || (*path->at != '.' && *path->at != '['))
        return false;
    if (path->end - path->at >= 2 && path->at[0] == '.' && path->at[1] == '.') {
        path->at += 2;
        struct set below = {0};
        for (size_t i = 0; i < set->count; i++)
            descend(path, set->items[i], &below, 0);
        *set = below;
        if (path->at < path->end && *path->at == '[')
            return true;
    } else if (*path->at++ == '[') {
        bool is_good = take_bracket(path, set, &next);
        *set = next;
        return is_good;
    }
    if (path->at < path->end && *path->at == '*') {
        path->at++;
        select_all(path, set, &next);
    } else {
        struct sm_slice name = take_name(path);
        if (name.size == 0)
            return fail(path, "a name is expected behind a dot");
        select_name(path, set, name, &next);
    }
    *set = next;
    return true;
}

static bool walk(struct path *path, struct set *set)
{
    while (take_step(path, set))
        ;
    return !path->error;
}

static struct sm_alloy_value *json_path(const struct sm_alloy_call *call)
{
    struct sm_arena *arena = call->machine->arena;
    const char *reason;
    struct sm_slice text = call->args[1]->text;
    struct path path = {.at = text.ptr ? text.ptr : "", .end = (text.ptr ? text.ptr : "") + text.size, .arena = arena};
    struct sm_alloy_value *root = sm_alloy_read_json(call->args[0]->text, true, arena, &reason);
    if (!root)
        return sm_alloy_call_fail(call, reason);
    struct set set = {0};
    if (path.at < path.end) /* an empty path selects nothing */
        add(&path, &set, root);
    if (path.at < path.end && (*path.at == '$' || *path.at == '@'))
        path.at++;
    else if (path.at < path.end && is_name_char(*path.at) && !strchr("-0123456789", *path.at))
        select_name(&path, &(struct set){.items = &root, .count = 1}, take_name(&path), (set.count = 0, &set));
    bool is_good = walk(&path, &set);
    if (is_good && path.at < path.end)
        is_good = fail(&path, "the path has an end that is not known");
    if (!is_good)
        return sm_alloy_call_fail(call, path.error);
    struct sm_alloy_value *list = sm_alloy_array(arena, 0);
    list->array.items = set.items;
    list->array.count = set.count;
    return list;
}

const struct sm_alloy_function sm_alloy_json_path_functions[] = {
    {.name = "json_path", .parameters = {SM_ALLOY_WANT_STRING, SM_ALLOY_WANT_STRING}, .parameter_count = 2, .call = json_path},
    {0},
};
