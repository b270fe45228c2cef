/* ring.h - which of some next hops a key belongs to, so that few keys move when one comes or goes.
 *
 * Immutable once made; any thread. Source: opentelemetry-collector-contrib exporter/loadbalancingexporter/consistent_hashing.go: collectors of both
 * kinds beside each other must choose alike. */
#pragma once

#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct sm_ring {
    struct sm_ring_item {
        uint32_t position; /* below 36000 */
        uint32_t endpoint; /* index of a name */
    } * items;             /* owned; by position */
    size_t count;
};

enum { SM_RING_NONE = -1 };

/* Names in the order that the reference has them (sorted). `count` at most UINT32_MAX. */
void sm_ring_init(struct sm_ring *ring, const char *const *names, size_t count);
void sm_ring_deinit(struct sm_ring *ring);
/* The index of the name, SM_RING_NONE when the ring is empty. */
int64_t sm_ring_find(const struct sm_ring *ring, struct sm_slice key);
