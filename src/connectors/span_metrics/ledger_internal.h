/* ledger_internal.h - what the files of the ledger share (private to ledger*.c). */
#pragma once

#include "connectors/span_metrics/ledger.h"

/* `*number` is the number to be used, or SM_INDEX_NONE for any; then the one that was. False: it cannot be used.
 * Takes the bytes of `attributes` over. The hash must not be there yet. */
bool sm_ledger_add_resource(struct sm_ledger *ledger, struct sm_hash128 hash, struct sm_bytes *attributes, uint32_t *number)
    __attribute__((warn_unused_result));

struct sm_ledger_new_series {
    enum sm_label_family family;
    struct sm_hash128 hash; /* must not be there yet */
    uint32_t resource;
    struct sm_slice key; /* identity and tail, copied; empty for the overflow series */
    size_t identity_size;
    uint32_t number; /* as for resources */
};
bool sm_ledger_add_series(struct sm_ledger *ledger, struct sm_ledger_new_series *series) __attribute__((warn_unused_result));
