/* node.h - the tree that every configuration front-end produces: values with their place in the source.
 *
 * Nodes are made in the configuration's arena, immutable once merged, and live until the configuration is released. Main thread only while being
 * made. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_source; /* one file, environment variable or command-line argument: its name and text */

/* Where something stands, from its first character to its last. Lines and columns (in bytes) count from 1; 0: unknown. */
struct sm_position {
    const struct sm_source *source;
    unsigned line, column;
    unsigned end_line, end_column;
};

enum sm_node_kind { SM_NODE_NULL, SM_NODE_BOOL, SM_NODE_INT, SM_NODE_FLOAT, SM_NODE_STRING, SM_NODE_LIST, SM_NODE_MAP };

struct sm_node_entry;

struct sm_node {
    enum sm_node_kind kind;
    struct sm_position position;
    bool is_substituted;  /* the value is exactly one ${…}: `original` may stand in where a string is wanted */
    const char *original; /* source text of a scalar before typing; NULL: none */
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *string; /* NUL-terminated; holds no other NUL */
        struct {
            struct sm_node **items;
            size_t count;
        } list;
        struct {
            struct sm_node_entry *entries; /* in source order, keys unique */
            size_t count;
        } map;
    };
};

struct sm_node_entry {
    const char *key;
    struct sm_position key_position;
    struct sm_node *value;
};

/* The value of `key` in a MAP; NULL: absent (or `map` is no MAP). */
const struct sm_node *sm_node_find(const struct sm_node *map, const char *key);
/* The place of "histogram::explicit" or "rules::0::regex" below `node` (NULL is allowed): of the key, and of the nearest that is there when it is
 * absent. */
struct sm_position sm_node_place(const struct sm_node *node, const char *key_path);
/* "a map", "a string": for messages. */
const char *sm_node_kind_name(enum sm_node_kind kind);
