/* attribute_hash.h - the hash of an attribute set that others compute too, in bytes as published: keys of messages and of routes.
 *
 * The same for the same keys and values in any order. Any thread that may read the batch.
 * Source: opentelemetry-collector-contrib pkg/pdatautil (MapHash). */
#pragma once

#include "telemetry/value.h"

enum { SM_ATTRIBUTE_HASH_SIZE = 16 };

/* Zeros for an empty set. Decodes into `arena` what is not decoded. */
void sm_attributes_hash(struct sm_attributes *attributes, struct sm_arena *arena, uint8_t hash[SM_ATTRIBUTE_HASH_SIZE]);
