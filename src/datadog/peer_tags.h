/* peer_tags.h - the attributes that name the other side of a call: which they are, and their values made fit for statistics. Any thread.
 * Source: datadog-agent pkg/trace/config/peer_tags.{go,ini} and pkg/obfuscate/ip_address.go, 0.59.0. */
#pragma once

#include "datadog/stats_payload.h"

/* The attribute that says which service another one's spans override. */
#define SM_PEER_BASE_SERVICE "_dd.base_service"

struct sm_string_list;

/* The built-in list and `more`, sorted, each once; in `arena`, with copies of `more`. */
struct sm_stats_texts sm_peer_tag_keys(const struct sm_string_list *more, struct sm_arena *arena);

/* Whether a span of this kind ("client", any case) gets all peer tags, only SM_PEER_BASE_SERVICE, or none. */
enum sm_peer_tags_wanted { SM_PEER_TAGS_NONE, SM_PEER_TAGS_BASE_SERVICE, SM_PEER_TAGS_ALL };
enum sm_peer_tags_wanted sm_peer_tags_wanted(struct sm_slice span_kind, bool has_base_service);

/* A comma-separated list of hosts with IP addresses replaced by "blocked-ip-address" (ports stay) and repeated ones left out. `value` itself when
 * nothing changes, else text in `arena`. */
struct sm_slice sm_peer_tag_value(struct sm_slice value, struct sm_arena *arena);
/* "key:value" with the value made fit, in `arena`. */
struct sm_slice sm_peer_tag(struct sm_slice key, struct sm_slice value, struct sm_arena *arena);
