/* write.h - a configuration tree as text that reads back to the same tree. */
#pragma once

#include "config/node.h"

struct sm_bytes;

/* Dollars before a brace or dollar are doubled, as substitution would take them. */
void sm_node_write_yaml(const struct sm_node *node, struct sm_bytes *out);
void sm_node_write_json(const struct sm_node *node, struct sm_bytes *out);
