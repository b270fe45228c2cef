/* gates.h - feature gates of the reference that concern what is built here (--feature-gates).
 *
 * Set once from the command line, before other threads start; read by any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sm_error;

enum sm_gate_stage { SM_GATE_STAGE_ALPHA, SM_GATE_STAGE_BETA };

/* See gate_table.inc. */
enum sm_gate_effect { SM_GATE_EFFECT_OBSERVED, SM_GATE_EFFECT_NEUTRAL, SM_GATE_EFFECT_FIXED };

enum sm_gate {
#define SM_GATE(symbol, id, stage, is_on, effect, help) SM_GATE_##symbol,
#include "config/gate_table.inc"
#undef SM_GATE
    SM_GATE_COUNT
};

bool sm_gate_is_on(enum sm_gate gate);

struct sm_gate_row {
    const char *id;
    enum sm_gate_stage stage;
    bool is_on; /* by default */
    enum sm_gate_effect effect;
    const char *help;
};
const struct sm_gate_row *sm_gate_describe(enum sm_gate gate);

/* Applies "a,+b,-c", none of it if a part is wrong. False with `error` for a gate that does not exist or cannot be switched so. */
bool sm_gates_apply(const char *list, struct sm_error *error) __attribute__((warn_unused_result));
