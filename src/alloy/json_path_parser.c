/* json_path_parser.c - the text of a path to its steps, but for what stands in filters (json_path_equation.c).
 *
 * Reads byte by byte as the reference's parser does, so that what it takes by the way (an unterminated string at the end, a dollar behind a name) is
 * taken here and its messages count the same bytes. Source: github.com/ohler55/ojg v1.28.2, jp. */
#include "alloy/json_path_reader.h"

enum { RANGE_END = INT32_MAX /* what [n:] ends with */ };

/* What a name after a dot is made of. */
static bool is_name(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || (byte > ' ' && byte < 0x7f && !strchr("!\"$&'()*+,-./:<=>@[\\]`", c));
}

/* Behind the first byte `*next` of a number; leaves the byte behind it in `*next`, taken. Too large numbers wrap. */
static bool take_index(struct sm_json_path_reader *reader, char *next, int64_t *index)
{
    bool is_negative = *next == '-';
    uint64_t number = 0;
    if (is_negative) {
        if (sm_json_path_is_at_end(reader))
            return sm_json_path_fail(reader, "expected a number");
        *next = reader->text[reader->at++];
    }
    size_t start = reader->at;
    while (sm_json_path_is_digit(*next)) {
        number = number * 10 + (uint64_t)(*next - '0');
        if (sm_json_path_is_at_end(reader))
            break;
        *next = reader->text[reader->at++];
    }
    if (reader->at == start)
        return sm_json_path_fail(reader, "expected a number");
    *index = (int64_t)(is_negative ? -number : number);
    return true;
}

/* ---- brackets */

/* Behind ":" or "n:". */
static bool take_range(struct sm_json_path_reader *reader, int64_t start, struct sm_json_path_step *step)
{
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_RANGE, .start = start, .end = RANGE_END, .step = 1};
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail(reader, "not terminated");
    if (reader->text[reader->at] == ']') {
        reader->at++;
        return true;
    }
    char c = sm_json_path_take_behind_blanks(reader);
    if (c != ':' && !take_index(reader, &c, &step->end))
        return false;
    if (c == ':') {
        if (sm_json_path_is_at_end(reader))
            return sm_json_path_fail(reader, "not terminated");
        c = reader->text[reader->at++];
        if (c != ']' && !take_index(reader, &c, &step->step))
            return false;
    }
    return c == ']' || sm_json_path_fail(reader, "invalid slice syntax");
}

/* Behind the first member and the comma. */
static bool take_union(struct sm_json_path_reader *reader, const struct sm_json_path_member *first, struct sm_json_path_step *step)
{
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail(reader, "not terminated");
    size_t capacity = 0;
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_UNION};
    struct sm_json_path_member member = *first;
    char c = ',';
    for (;;) {
        step->members = sm_arena_grow(reader->arena, step->members, step->member_count, &capacity, step->member_count + 1, sizeof(member));
        step->members[step->member_count++] = member;
        if (c == ']')
            return true;
        if (c != ',')
            return sm_json_path_fail(reader, "invalid union syntax");
        c = sm_json_path_take_behind_blanks(reader);
        member = (struct sm_json_path_member){.is_name = c == '\'' || c == '"'};
        if (member.is_name                            ? !sm_json_path_take_text(reader, c, &member.name)
            : !(c == '-' || sm_json_path_is_digit(c)) ? !sm_json_path_fail(reader, "invalid union syntax")
                                                      : !take_index(reader, &c, &member.index))
            return false;
        if (member.is_name || c == ' ')
            c = sm_json_path_take_behind_blanks(reader);
    }
}

/* A name in quotes or an index, `c` being its first byte, and what else the bracket holds. */
static bool take_member(struct sm_json_path_reader *reader, char c, struct sm_json_path_step *step)
{
    struct sm_json_path_member *member = &step->member;
    member->is_name = c == '\'' || c == '"';
    step->kind = member->is_name ? SM_JSON_PATH_CHILD : SM_JSON_PATH_INDEX;
    if (member->is_name ? !sm_json_path_take_text(reader, c, &member->name) : !take_index(reader, &c, &member->index))
        return false;
    if (member->is_name || c == ' ')
        c = sm_json_path_take_behind_blanks(reader);
    struct sm_json_path_member first = *member;
    if (c == ',')
        return take_union(reader, &first, step);
    if (c == ':' && !first.is_name)
        return take_range(reader, first.index, step);
    return c == ']' || sm_json_path_fail(reader, "invalid bracket fragment");
}

/* Behind "[(": procedures are refused in words of the reference, whose program has no compiler for them either. */
static bool refuse_procedure(struct sm_json_path_reader *reader)
{
    bool is_closed = memmem(reader->text, reader->size, ")]", 2) != NULL;
    return is_closed ? sm_json_path_fail_plain(reader, "jp.CompileScript has not been set") : sm_json_path_fail(reader, "not terminated");
}

/* Behind "[". */
static bool take_bracket(struct sm_json_path_reader *reader, struct sm_json_path_step *step)
{
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail(reader, "not terminated");
    char c = sm_json_path_take_behind_blanks(reader);
    if (c == '\'' || c == '"' || c == '-' || sm_json_path_is_digit(c))
        return take_member(reader, c, step);
    switch (c) {
    case '*':
        step->kind = SM_JSON_PATH_ALL;
        return sm_json_path_take_behind_blanks(reader) == ']' || sm_json_path_fail(reader, "not terminated");
    case ':':
        return take_range(reader, 0, step);
    case '?':
        return sm_json_path_take_filter(reader, step);
    case '(':
        return refuse_procedure(reader);
    }
    reader->at--;
    return sm_json_path_fail(reader, "parse error");
}

/* ---- steps */

static bool take_name(struct sm_json_path_reader *reader, struct sm_json_path_step *step)
{
    size_t start = reader->at;
    while (!sm_json_path_is_at_end(reader) && is_name(reader->text[reader->at]))
        reader->at++;
    step->kind = SM_JSON_PATH_CHILD;
    step->member = (struct sm_json_path_member){.is_name = true, .name = sm_slice_make(reader->text + start, reader->at - start)};
    return true;
}

static bool take_behind_dot(struct sm_json_path_reader *reader, struct sm_json_path_step *step)
{
    if (sm_json_path_is_at_end(reader))
        return sm_json_path_fail(reader, "not terminated");
    char c = reader->text[reader->at];
    if (is_name(c))
        return take_name(reader, step);
    reader->at++;
    if (c != '*' && c != '.')
        return sm_json_path_fail(
            reader, sm_arena_printf(reader->arena, "an expression fragment can not start with a '%s'", sm_json_path_show_byte(reader, c)));
    step->kind = c == '*' ? SM_JSON_PATH_ALL : SM_JSON_PATH_DESCENT;
    return true;
}

/* False at the end of the path, or with an error. */
static bool take_step(struct sm_json_path_reader *reader, struct sm_json_path_step *step)
{
    *step = (struct sm_json_path_step){.kind = SM_JSON_PATH_ALL};
    if (sm_json_path_is_at_end(reader))
        return false;
    char c = reader->text[reader->at];
    if (is_name(c))
        return reader->is_first ? take_behind_dot(reader, step) : reader->is_behind_descent && take_name(reader, step);
    switch (c) {
    case '$':
    case '@':
        reader->at++; /* also where it means nothing */
        step->kind = c == '$' ? SM_JSON_PATH_ROOT : SM_JSON_PATH_THIS;
        return reader->is_first;
    case '.':
        reader->at++;
        return take_behind_dot(reader, step);
    case '*':
        reader->at++;
        return true;
    case '[':
        reader->at++;
        return take_bracket(reader, step);
    }
    return false;
}

struct sm_json_path *sm_json_path_take_path(struct sm_json_path_reader *reader)
{
    struct sm_json_path *path = sm_arena_zalloc(reader->arena, 1, sizeof(*path));
    struct sm_json_path_step step;
    size_t capacity = 0;
    if (!sm_json_path_enter(reader))
        return NULL;
    reader->is_first = true;
    reader->is_behind_descent = false;
    while (take_step(reader, &step)) {
        path->steps = sm_arena_grow(reader->arena, path->steps, path->count, &capacity, path->count + 1, sizeof(step));
        path->steps[path->count++] = step;
        reader->is_first = false; /* also behind a filter, whose paths have changed it */
        reader->is_behind_descent = step.kind == SM_JSON_PATH_DESCENT;
    }
    reader->depth--;
    return reader->error ? NULL : path;
}

struct sm_json_path *sm_json_path_parse(struct sm_slice text, struct sm_json_path_patterns *patterns, struct sm_arena *arena, const char **reason)
{
    struct sm_json_path_reader reader = {.text = text.ptr ? text.ptr : "", .size = text.size, .arena = arena, .patterns = patterns};
    struct sm_json_path *path = sm_json_path_take_path(&reader);
    if (path && !sm_json_path_is_at_end(&reader))
        sm_json_path_fail(&reader, "parse error");
    *reason = reader.error;
    return reader.error ? NULL : path;
}
