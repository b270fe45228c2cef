/* option_place.h - which setting a member of a decoded option struct stands for.
 *
 * Options do not remember where they come from; their table does: a member's address leads through it to the key. So whoever finds at run time that
 * an option cannot be used says only which member it is (sm_error_blame), whatever layer it is in. */
#pragma once

#include "config/option.h"

struct sm_bytes;

/* Writes the key path of `member`, the address of a member of `options` (or of what they own: an item of a list, an entry of a map), as the user has
 * spelled it: "protocols::http::tls::cert_file", "output_paths::1". `node` is what `options` were decoded from (NULL: nothing). False, with nothing
 * written: it is no member of them. */
bool sm_option_find_path(const struct sm_option *table, const void *options, const void *member, const struct sm_node *node, struct sm_bytes *path);
