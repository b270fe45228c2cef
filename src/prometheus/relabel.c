/* relabel.c - see relabel.h. A rule's labels are looked up by name in a sorted array; what a rule makes lives in the set's arena.
 * Stateless: rules are compiled once and never written. */
#include "prometheus/relabel.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/regex.h"
#include "base/unicode.h"
#include "base/utf8.h"

enum sm_relabel_action {
    REPLACE,
    KEEP,
    DROP,
    HASHMOD,
    LABELMAP,
    LABELDROP,
    LABELKEEP,
    LOWERCASE,
    UPPERCASE,
    KEEPEQUAL,
    DROPEQUAL,
    ACTION_COUNT,
};

#define PRESET_SEPARATOR ";"
#define PRESET_REGEX "(.*)"
#define PRESET_REPLACEMENT "$1"

static const struct sm_option_word action_words[] = {
    {"replace", REPLACE},     {"keep", KEEP},           {"drop", DROP},           {"hashmod", HASHMOD},
    {"labelmap", LABELMAP},   {"labeldrop", LABELDROP}, {"labelkeep", LABELKEEP}, {"lowercase", LOWERCASE},
    {"uppercase", UPPERCASE}, {"keepequal", KEEPEQUAL}, {"dropequal", DROPEQUAL}, {NULL, 0},
};

const struct sm_option sm_relabel_option_table[] = {
    SM_OPTION_STRING_LIST(struct sm_relabel_options, source_labels, .no_split = true,
                          .help = "Labels whose values, joined by separator, the rule looks at; one that is missing is empty."),
    SM_OPTION_STRING(struct sm_relabel_options, separator, .preset.string = PRESET_SEPARATOR, .help = "Put between the values of source_labels."),
    SM_OPTION_STRING(struct sm_relabel_options, regex, .preset.string = PRESET_REGEX, .help = "RE2 expression that has to match the whole text."),
    SM_OPTION_UINT(struct sm_relabel_options, modulus, .help = "Of hashmod."),
    SM_OPTION_STRING(struct sm_relabel_options, target_label, .help = "The label that is written; may hold $1 when replacing."),
    SM_OPTION_STRING(struct sm_relabel_options, replacement, .preset.string = PRESET_REPLACEMENT,
                     .help = "What is written, with $1 and ${name} for the groups of regex; an empty result removes the label."),
    SM_OPTION_ENUM(struct sm_relabel_options, action, action_words, .preset.integer = REPLACE, .unknown_word = {"unrecognized action type ", ""},
                   .help = "What is done."),
    SM_OPTION_END,
};

/* ---- validation */

static bool is_letter(char c)
{
    return sm_ascii_is_letter(c) || c == '_';
}

static bool is_label_name(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_letter(name.ptr[i]) && (i == 0 || name.ptr[i] < '0' || name.ptr[i] > '9'))
            return false;
    return name.size > 0;
}

static bool is_word_char(char c)
{
    return is_letter(c) || sm_ascii_is_digit(c);
}

/* A label's name in which "$1", "$name" and "${name}" may stand. */
static bool is_template(const char *text)
{
    for (const char *at = text; *at;) {
        if (*at != '$') {
            if (!(at == text ? is_letter(*at) : is_word_char(*at)))
                return false;
            at++;
            continue;
        }
        bool is_braced = *++at == '{';
        const char *start = is_braced ? ++at : at;
        while (is_word_char(*at))
            at++;
        if (at == start || (is_braced && *at++ != '}'))
            return false;
    }
    return *text != 0;
}

static bool writes_plain_target(int action)
{
    return action == LOWERCASE || action == UPPERCASE || action == KEEPEQUAL || action == DROPEQUAL;
}

static bool needs_target(int action)
{
    return action == REPLACE || action == HASHMOD || writes_plain_target(action);
}

static const char *fault_of_target(const struct sm_relabel_options *rule)
{
    bool may_have_groups = rule->action == REPLACE && strchr(rule->target_label, '$');
    bool is_good = may_have_groups ? is_template(rule->target_label) : is_label_name(sm_slice_of(rule->target_label));
    return needs_target(rule->action) && !is_good ? rule->target_label : NULL;
}

static bool has_usual_rest(const struct sm_relabel_options *rule)
{
    return rule->modulus == 0 && strcmp(rule->separator, PRESET_SEPARATOR) == 0 && strcmp(rule->replacement, PRESET_REPLACEMENT) == 0;
}

static struct sm_regex *compile(const char *pattern, struct sm_error *error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_regex *regex = sm_regex_compile(sm_slice_of(sm_arena_printf(&arena, "^(?s:%s)$", pattern)), error);
    sm_arena_deinit(&arena);
    return regex;
}

static void validate_regex(const struct sm_relabel_options *rule, const char *path, struct sm_validation *validation)
{
    struct sm_error error = {0};
    struct sm_regex *regex = compile(rule->regex, &error);
    if (!regex)
        sm_validation_error(validation, sm_arena_printf(validation->arena, "%s::regex", path), "%s", error.text);
    sm_regex_free(regex);
}

void sm_relabel_validate(const struct sm_relabel_options *rule, const char *path, struct sm_validation *validation)
{
    const char *action = action_words[rule->action].word;
    validate_regex(rule, path, validation);
    if (rule->action == HASHMOD && rule->modulus == 0)
        sm_validation_error(validation, path, "relabel configuration for hashmod requires non-zero modulus");
    struct sm_error error = {0};
    if (rule->action == HASHMOD && !sm_digest_prepare(&error))
        sm_validation_error(validation, path, "%s", error.text);
    if (needs_target(rule->action) && !*rule->target_label)
        sm_validation_error(validation, path, "relabel configuration for %s action requires 'target_label' value", action);
    else if (fault_of_target(rule))
        sm_validation_error(validation, path, "\"%s\" is invalid 'target_label' for %s action", rule->target_label, action);
    else if (writes_plain_target(rule->action) && strcmp(rule->replacement, PRESET_REPLACEMENT) != 0)
        sm_validation_error(validation, path, "'replacement' can not be set for %s action", action);
    else if (rule->action == LABELMAP && !is_template(rule->replacement))
        sm_validation_error(validation, path, "\"%s\" is invalid 'replacement' for %s action", rule->replacement, action);
    else if ((rule->action == LABELDROP || rule->action == LABELKEEP) && (rule->source_labels.count || *rule->target_label || !has_usual_rest(rule)))
        sm_validation_error(validation, path, "%s action requires only 'regex', and no other fields", action);
    else if ((rule->action == KEEPEQUAL || rule->action == DROPEQUAL) && (strcmp(rule->regex, PRESET_REGEX) != 0 || !has_usual_rest(rule)))
        sm_validation_error(validation, path, "%s action requires only 'source_labels' and 'target_label', and no other fields", action);
}

/* ---- sets of labels */

void sm_relabel_set_init(struct sm_relabel_set *set, struct sm_arena *arena, const struct sm_prometheus_pair *labels, size_t count)
{
    enum { ROOM = 4 };
    *set = (struct sm_relabel_set){.arena = arena, .capacity = count + ROOM};
    set->items = sm_arena_alloc(arena, set->capacity * sizeof(*set->items));
    for (size_t i = 0; i < count; i++)
        if (labels[i].value.size && (set->count == 0 || !sm_slice_equal(set->items[set->count - 1].name, labels[i].name)))
            set->items[set->count++] = labels[i];
}

/* The first place whose name is not smaller. */
static size_t lower_bound(const struct sm_relabel_set *set, struct sm_slice name)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sm_slice_compare(set->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct sm_relabel_set *set, size_t at, struct sm_slice name)
{
    return at < set->count && sm_slice_equal(set->items[at].name, name);
}

struct sm_slice sm_relabel_get(const struct sm_relabel_set *set, struct sm_slice name)
{
    size_t at = lower_bound(set, name);
    return is_at(set, at, name) ? set->items[at].value : (struct sm_slice){0};
}

static void remove_at(struct sm_relabel_set *set, size_t at)
{
    set->count--;
    memmove(&set->items[at], &set->items[at + 1], (set->count - at) * sizeof(*set->items));
}

void sm_relabel_put(struct sm_relabel_set *set, struct sm_slice name, struct sm_slice value)
{
    size_t at = lower_bound(set, name);
    bool is_there = is_at(set, at, name);
    if (is_there && value.size) {
        set->items[at].value = value;
    } else if (is_there) {
        remove_at(set, at);
    } else if (value.size) {
        set->items = sm_arena_grow(set->arena, set->items, set->count, &set->capacity, set->count + 1, sizeof(*set->items));
        memmove(&set->items[at + 1], &set->items[at], (set->count - at) * sizeof(*set->items));
        set->items[at] = (struct sm_prometheus_pair){.name = name, .value = value};
        set->count++;
    }
}

/* ---- rules */

struct rule {
    const struct sm_relabel_options *options; /* borrowed */
    struct sm_regex *regex;                   /* owned */
    bool matches_all;                         /* the expression that is there when none is given */
};

struct sm_relabel {
    size_t count;
    struct rule rules[];
};

struct sm_relabel *sm_relabel_create(const struct sm_relabel_options *rules, size_t count, struct sm_error *error)
{
    struct sm_relabel *relabel = sm_alloc(1, sizeof(*relabel) + count * sizeof(relabel->rules[0]));
    for (; relabel->count < count; relabel->count++) {
        struct rule *rule = &relabel->rules[relabel->count];
        *rule = (struct rule){.options = &rules[relabel->count], .regex = compile(rules[relabel->count].regex, error)};
        rule->matches_all = strcmp(rule->options->regex, PRESET_REGEX) == 0;
        if (!rule->regex) {
            sm_relabel_free(relabel);
            return NULL;
        }
    }
    return relabel;
}

void sm_relabel_free(struct sm_relabel *relabel)
{
    if (!relabel)
        return;
    for (size_t i = 0; i < relabel->count; i++)
        sm_regex_free(relabel->rules[i].regex);
    free(relabel);
}

static bool matches(const struct rule *rule, struct sm_slice text)
{
    return rule->matches_all || sm_regex_matches(rule->regex, text);
}

static struct sm_slice join(const struct rule *rule, const struct sm_relabel_set *set)
{
    const struct sm_string_list *sources = &rule->options->source_labels;
    struct sm_bytes joined;
    if (sources->count == 1)
        return sm_relabel_get(set, sm_slice_of(sources->items[0]));
    sm_bytes_init(&joined, set->arena);
    for (size_t i = 0; i < sources->count; i++) {
        if (i)
            sm_bytes_append_text(&joined, rule->options->separator);
        sm_bytes_append_slice(&joined, sm_relabel_get(set, sm_slice_of(sources->items[i])));
    }
    return sm_bytes_slice(&joined);
}

static struct sm_slice expand(const struct rule *rule, struct sm_slice text, const struct sm_regex_match *match, const char *template,
                              struct sm_arena *arena)
{
    struct sm_bytes out;
    if (!strchr(template, '$'))
        return sm_slice_of(template);
    sm_bytes_init(&out, arena);
    sm_regex_expand(rule->regex, text, match, sm_slice_of(template), &out);
    return sm_bytes_slice(&out);
}

static void replace(const struct rule *rule, struct sm_relabel_set *set, struct sm_slice text)
{
    struct sm_regex_match match;
    if (!sm_regex_find(rule->regex, text, 0, &match))
        return;
    struct sm_slice target = expand(rule, text, &match, rule->options->target_label, set->arena);
    if (is_label_name(target))
        sm_relabel_put(set, target, expand(rule, text, &match, rule->options->replacement, set->arena));
}

static struct sm_slice change_case(struct sm_slice text, bool to_upper, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    while (text.size) {
        size_t size;
        bool is_sound;
        char bytes[SM_UTF8_SIZE_MAX];
        uint32_t rune = sm_utf8_read(text, &size, &is_sound);
        rune = to_upper ? sm_unicode_upper(rune) : sm_unicode_lower(rune);
        sm_bytes_append(&out, bytes, sm_utf8_write(rune, bytes));
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    return sm_bytes_slice(&out);
}

/* The last eight bytes of the MD5, as a number, by the modulus. */
static struct sm_slice hash(const struct rule *rule, struct sm_slice text, struct sm_arena *arena)
{
    enum { HALF = 16 };
    struct sm_slice digest = sm_digest_hex(SM_DIGEST_MD5, text, arena);
    char half[HALF + 1] = "";
    if (digest.size >= HALF)
        memcpy(half, digest.ptr + digest.size - HALF, HALF);
    unsigned long long number = strtoull(half, NULL, 16);
    return sm_slice_of(sm_arena_printf(arena, "%llu", number % (unsigned long long)rule->options->modulus));
}

/* Labels are taken as they were before the rule. */
static void map_names(const struct rule *rule, struct sm_relabel_set *set)
{
    size_t count = set->count;
    struct sm_prometheus_pair *before = sm_arena_alloc(set->arena, (count ? count : 1) * sizeof(*before));
    if (count)
        memcpy(before, set->items, count * sizeof(*before));
    for (size_t i = 0; i < count; i++) {
        if (!matches(rule, before[i].name))
            continue;
        struct sm_bytes name;
        sm_bytes_init(&name, set->arena);
        sm_regex_replace_all(rule->regex, before[i].name, sm_slice_of(rule->options->replacement), &name);
        sm_relabel_put(set, sm_bytes_slice(&name), before[i].value);
    }
}

static void remove_names(const struct rule *rule, struct sm_relabel_set *set, bool that_match)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (matches(rule, set->items[i].name) != that_match)
            set->items[kept++] = set->items[i];
    set->count = kept;
}

static bool apply_rule(const struct rule *rule, struct sm_relabel_set *set)
{
    const struct sm_relabel_options *options = rule->options;
    struct sm_slice text = join(rule, set), target = sm_slice_of(options->target_label);
    switch ((enum sm_relabel_action)options->action) {
    case KEEP:
        return matches(rule, text);
    case DROP:
        return !matches(rule, text);
    case KEEPEQUAL:
        return sm_slice_equal(sm_relabel_get(set, target), text);
    case DROPEQUAL:
        return !sm_slice_equal(sm_relabel_get(set, target), text);
    case REPLACE:
        replace(rule, set, text);
        break;
    case LOWERCASE:
    case UPPERCASE:
        sm_relabel_put(set, target, change_case(text, options->action == UPPERCASE, set->arena));
        break;
    case HASHMOD:
        sm_relabel_put(set, target, hash(rule, text, set->arena));
        break;
    case LABELMAP:
        map_names(rule, set);
        break;
    case LABELDROP:
    case LABELKEEP:
        remove_names(rule, set, options->action == LABELDROP);
        break;
    case ACTION_COUNT:
        break;
    }
    return true;
}

bool sm_relabel_apply(const struct sm_relabel *relabel, struct sm_relabel_set *set)
{
    for (size_t i = 0; i < relabel->count; i++)
        if (!apply_rule(&relabel->rules[i], set))
            return false;
    return true;
}
