/* gates.c - which feature gates are on. State: one array, written while the command line is read. */
#include "config/gates.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/slice.h"
#include "config/diags.h"

static const struct sm_gate_row rows[SM_GATE_COUNT] = {
#define SM_GATE(symbol, gate_id, gate_stage, on, gate_effect, text)                                                                                  \
    [SM_GATE_##symbol] = {.id = gate_id, .stage = SM_GATE_STAGE_##gate_stage, .is_on = on, .effect = SM_GATE_EFFECT_##gate_effect, .help = text},
#include "config/gate_table.inc"
#undef SM_GATE
};

static bool is_changed[SM_GATE_COUNT]; /* from the default */

bool sm_gate_is_on(enum sm_gate gate)
{
    return rows[gate].is_on != is_changed[gate];
}

const struct sm_gate_row *sm_gate_describe(enum sm_gate gate)
{
    return &rows[gate];
}

static bool refuse_unknown(const char *id, struct sm_error *error)
{
    const char *ids[SM_GATE_COUNT];
    for (size_t i = 0; i < SM_GATE_COUNT; i++)
        ids[i] = rows[i].id;
    const char *near = sm_nearest_word(id, ids, SM_GATE_COUNT);
    return sm_error_set(error, SM_ERROR_USAGE, "no such feature gate \"%s\"%s%s%s (see 'spanmill featuregate')", id, near ? ", did you mean " : "",
                        near ? near : "", near ? "?" : "");
}

static bool find_gate(struct sm_slice id, size_t *index, struct sm_error *error)
{
    for (size_t i = 0; i < SM_GATE_COUNT; i++) {
        if (!sm_slice_is(id, rows[i].id))
            continue;
        *index = i;
        return true;
    }
    char text[160];
    snprintf(text, sizeof(text), "%.*s", SM_SLICE_ARGS(id));
    return refuse_unknown(text, error);
}

bool sm_gates_apply(const char *list, struct sm_error *error)
{
    bool changed[SM_GATE_COUNT];
    memcpy(changed, is_changed, sizeof(changed));
    struct sm_slice rest = sm_slice_of(list);
    while (rest.size) {
        struct sm_slice id = sm_slice_trim(sm_slice_cut(&rest, ','));
        if (!id.size)
            continue;
        bool is_on = id.ptr[0] != '-';
        if (id.ptr[0] == '-' || id.ptr[0] == '+')
            id = sm_slice_make(id.ptr + 1, id.size - 1);
        size_t gate;
        if (!find_gate(id, &gate, error))
            return false;
        changed[gate] = rows[gate].is_on != is_on;
        if (changed[gate] && rows[gate].effect == SM_GATE_EFFECT_FIXED)
            return sm_error_set(error, SM_ERROR_USAGE, "feature gate \"%s\" cannot be switched %s: spanmill does not build that behaviour (%s)",
                                rows[gate].id, is_on ? "on" : "off", rows[gate].help);
    }
    memcpy(is_changed, changed, sizeof(changed));
    return true;
}
