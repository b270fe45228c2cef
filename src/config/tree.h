/* tree.h - making the Collector's configuration tree out of another language. Nodes live in an arena and are immutable once the tree is handed
 * over. Main thread only. */
#pragma once

#include "config/node.h"

struct sm_node *sm_tree_string(struct sm_arena *arena, struct sm_position position, const char *text);
struct sm_node *sm_tree_int(struct sm_arena *arena, struct sm_position position, int64_t integer);
struct sm_node *sm_tree_list(struct sm_arena *arena, struct sm_position position);
struct sm_node *sm_tree_map(struct sm_arena *arena, struct sm_position position);
/* A scalar typed as YAML types it, or a list of them: "[a, b]". */
struct sm_node *sm_tree_yaml(struct sm_arena *arena, struct sm_position position, const char *text);
void sm_tree_append(struct sm_node *list, struct sm_arena *arena, struct sm_node *item);
/* Sets or replaces the key at `path`, its parts between dots ("protocols.grpc"); maps on the way are made. */
void sm_tree_set(struct sm_node *map, struct sm_arena *arena, const char *path, struct sm_position position, struct sm_node *value);
/* The same with a key that is one part whatever is in it; does not look whether it is there. */
void sm_tree_add(struct sm_node *map, struct sm_arena *arena, const char *key, struct sm_position position, struct sm_node *value);
/* Takes the key out and returns its value; NULL: it was not there. */
struct sm_node *sm_tree_take(struct sm_node *map, const char *key);
struct sm_node *sm_tree_find(struct sm_node *map, const char *key);
