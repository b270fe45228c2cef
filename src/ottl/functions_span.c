/* functions_span.c - the editor set_semconv_span_name: the name that the semantic conventions give a span, from its kind and attributes.
 *
 * Source: opentelemetry-collector-contrib processor/transformprocessor/internal/traces; OpenTelemetry semantic conventions 1.37 to 1.40. */
#include <stdio.h>

#include "ottl/compile.h"
#include "base/ascii.h"
#include "telemetry/span.h"

/* What names are made of. A letter stands for an attribute (or one that meant the same in older conventions), for a flag that is set, or for the
 * first of several forms whose letters all are there. */
static const struct part {
    char letter;
    bool needs_text; /* an empty one counts as absent */
    const char *key, *older;
    const char *flag;  /* the word for an attribute that is true */
    const char *forms; /* between "|", letters and the characters between them */
} parts[] = {
    {.letter = 'a', .key = "server.address"},
    {.letter = 'b', .key = "server.port"},
    {.letter = 'm', .key = "http.request.method", .older = "http.method"},
    {.letter = 'r', .key = "http.route"},
    {.letter = 'u', .key = "url.template"},
    {.letter = 'R', .key = "rpc.system.name", .older = "rpc.system"},
    {.letter = 'M', .key = "rpc.method", .older = "rpc.grpc.method"},
    {.letter = 'S', .key = "rpc.service", .older = "rpc.grpc.service"},
    {.letter = 'D', .key = "db.system.name", .older = "db.system"},
    {.letter = 'q', .key = "db.query.summary"},
    {.letter = 'o', .key = "db.operation.name", .older = "db.operation", .needs_text = true},
    {.letter = 'n', .key = "db.namespace", .older = "db.name", .needs_text = true},
    {.letter = 'c', .key = "db.collection.name"},
    {.letter = 'p', .key = "db.stored_procedure.name"},
    {.letter = 't', .forms = "n.c|c|n.p|p|n|a:b|a", .needs_text = true},
    {.letter = 'Q', .key = "messaging.system"},
    {.letter = 'O', .key = "messaging.operation.name", .older = "messaging.operation"},
    {.letter = 'x', .key = "messaging.destination.temporary", .flag = "(temporary)"},
    {.letter = 'y', .key = "messaging.destination.anonymous", .flag = "(anonymous)"},
    {.letter = 'T', .key = "messaging.destination.template"},
    {.letter = 'N', .key = "messaging.destination.name", .older = "messaging.destination"},
    {.letter = 'd', .forms = "x|y|T|N|a:b|a", .needs_text = true},
};

/* The conventions by which a span of one of the kinds (bits) may be named, in the order in which they are asked. */
static const struct convention {
    unsigned kinds;
    char mark; /* the part that tells that a span is of the convention */
    const char *forms;
} conventions[] = {
    {1u << SM_SPAN_KIND_SERVER, 'm', "m r|m"},
    {1u << SM_SPAN_KIND_CLIENT, 'm', "m u|m"},
    {1u << SM_SPAN_KIND_SERVER | 1u << SM_SPAN_KIND_CLIENT, 'R', "S/M|M|S/*|R"},
    {1u << SM_SPAN_KIND_CLIENT, 'D', "q|o t|o|t|D"},
    {1u << SM_SPAN_KIND_SERVER | 1u << SM_SPAN_KIND_CLIENT | 1u << SM_SPAN_KIND_CONSUMER | 1u << SM_SPAN_KIND_PRODUCER, 'Q', "O d|d|O|Q"},
};

static bool find_part(const struct sm_span *span, char letter, struct sm_arena *arena, struct sm_slice *text);

static bool write_form(const struct sm_span *span, struct sm_slice form, struct sm_arena *arena, struct sm_slice *text)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < form.size; i++) {
        struct sm_slice part = sm_slice_make(form.ptr + i, 1);
        if (sm_ascii_is_letter(form.ptr[i]) && !find_part(span, form.ptr[i], arena, &part))
            return false;
        sm_bytes_append_slice(&out, part);
    }
    *text = sm_bytes_slice(&out);
    return true;
}

static bool write_first_form(const struct sm_span *span, const char *forms, struct sm_arena *arena, struct sm_slice *text)
{
    struct sm_slice rest = sm_slice_of(forms);
    while (rest.size > 0)
        if (write_form(span, sm_slice_cut(&rest, '|'), arena, text))
            return true;
    return false;
}

static bool find_part(const struct sm_span *span, char letter, struct sm_arena *arena, struct sm_slice *text)
{
    const struct part *part = parts;
    struct sm_value value;
    while (part->letter != letter)
        part++;
    if (part->forms)
        return write_first_form(span, part->forms, arena, text) && text->size > 0;
    if (!sm_attributes_find(&span->attributes, sm_slice_of(part->key), &value) &&
        (!part->older || !sm_attributes_find(&span->attributes, sm_slice_of(part->older), &value)))
        return false;
    *text = part->flag ? sm_slice_of(part->flag) : sm_value_to_string(&value, arena);
    return part->flag ? value.type == SM_VALUE_BOOL && value.boolean : text->size > 0 || !part->needs_text;
}

static struct sm_slice conventional_name(const struct sm_span *span, struct sm_arena *arena)
{
    struct sm_slice text;
    for (size_t i = 0; i < sizeof(conventions) / sizeof(conventions[0]); i++) {
        const struct convention *convention = &conventions[i];
        bool may_have_kind = span->kind >= 0 && span->kind <= SM_SPAN_KIND_CONSUMER && (convention->kinds >> span->kind & 1) != 0;
        if (may_have_kind && find_part(span, convention->mark, arena, &text) && write_first_form(span, convention->forms, arena, &text) &&
            text.size > 0)
            return text;
    }
    return span->name;
}

static bool call_set_name(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice before = run->span->name, name = conventional_name(run->span, run->arena);
    (void)out;
    if (sm_slice_equal(before, name))
        return true;
    run->span->name = name;
    if (call->args[1].is_set)
        sm_map_set(sm_attributes_edit(&run->span->attributes, run->arena), run->arena, sm_arena_copy(run->arena, call->args[1].text),
                   sm_value_string(before));
    run->span->changed = true;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
    return true;
}

/* "1.37" and "v1.37.0" are versions too; nothing before 1.37.0 or behind 1.40.0 is known. */
static bool is_known_version(struct sm_slice text)
{
    char copy[32], end;
    int major, minor = 0, patch = 0, size = 0;
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    const char *start = copy + (*copy == 'v');
    if (sscanf(start, "%4d.%4d.%4d%n%c", &major, &minor, &patch, &size, &end) != 3) {
        patch = 0;
        if (sscanf(start, "%4d.%4d%c", &major, &minor, &end) != 2)
            return false;
    }
    return major == 1 && minor >= 37 && patch >= 0 && (minor < 40 || (minor == 40 && patch == 0));
}

static bool prepare_set_name(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    if (!is_known_version(call->args[0].text))
        return sm_ottl_compile_error(compiler, call->node, "unsupported semconv version \"%.*s\": must be between 1.37.0 and 1.40.0",
                                     SM_SLICE_ARGS(call->args[0].text));
    return !call->args[1].is_set || call->args[1].text.size > 0 ||
           sm_ottl_compile_error(compiler, call->node, "originalSpanNameAttribute cannot be an empty string");
}

const struct sm_ottl_function sm_ottl_span_functions[] = {
    {.name = "set_semconv_span_name",
     .help = "Names the span as the semantic conventions of that version do.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_SPAN,
     .parameters = {{.name = "SemconvVersion", .type = SM_OTTL_ARG_LITERAL_STRING},
                    {.name = "OriginalSpanNameAttribute", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_set_name,
     .prepare = prepare_set_name},
    {0},
};
