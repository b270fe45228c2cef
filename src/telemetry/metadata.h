/* metadata.h - the headers of the request that telemetry came with (receiver option include_metadata), and who its sender is (option auth).
 *
 * Names are kept as received and found without regard to case; a name may have several values. Immutable once filled and shared by reference count:
 * any thread may retain, release and read. */
#pragma once

#include "base/slice.h"

struct sm_metadata;

struct sm_metadata *sm_metadata_create(void) __attribute__((returns_nonnull, warn_unused_result));
struct sm_metadata *sm_metadata_retain(struct sm_metadata *metadata);
void sm_metadata_release(struct sm_metadata *metadata); /* NULL is allowed */
/* Copies both. Only before it is shared. */
void sm_metadata_add(struct sm_metadata *metadata, struct sm_slice name, struct sm_slice value);
/* How many values `name` has, and the `index`-th of them. NULL metadata has none. */
size_t sm_metadata_count(const struct sm_metadata *metadata, struct sm_slice name);
struct sm_slice sm_metadata_get(const struct sm_metadata *metadata, struct sm_slice name, size_t index);
/* All of them, in the order received. */
size_t sm_metadata_total(const struct sm_metadata *metadata);
void sm_metadata_at(const struct sm_metadata *metadata, size_t index, struct sm_slice *name, struct sm_slice *value);

/* That somebody reads the headers of gRPC requests, which are otherwise kept only with include_metadata. Said on the main thread before receivers are
 * created, and never taken back. */
void sm_metadata_want_grpc(void);
bool sm_metadata_is_grpc_wanted(void);

/* What an authenticator says of the client: attributes such as "username". Names are compared as they are. Only before it is shared. */
void sm_metadata_add_identity(struct sm_metadata *metadata, struct sm_slice name, struct sm_slice value);
/* False: no such attribute, or nobody has authenticated the client. NULL metadata has none. */
bool sm_metadata_find_identity(const struct sm_metadata *metadata, struct sm_slice name, struct sm_slice *value);
size_t sm_metadata_identity_count(const struct sm_metadata *metadata);
void sm_metadata_identity_at(const struct sm_metadata *metadata, size_t index, struct sm_slice *name, struct sm_slice *value);
