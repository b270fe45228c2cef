/* ledger_internal.h - what the files of the ledger share (private to ledger*.c). */
#pragma once

#include "connectors/span_metrics/ledger.h"

/* Takes the bytes of `attributes` over. The hash must not be there yet. */
uint32_t sm_ledger_add_resource(struct sm_ledger *ledger, struct sm_hash128 hash, struct sm_bytes *attributes);
/* `key`: identity and tail, copied; empty for the overflow series. The hash must not be there yet. */
uint32_t sm_ledger_add_series(struct sm_ledger *ledger, enum sm_label_family family, struct sm_hash128 hash, uint32_t resource_number, struct sm_slice key,
                              size_t identity_size);
