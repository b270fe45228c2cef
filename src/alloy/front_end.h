/* front_end.h - Alloy and River files as configurations: read, evaluated, and made into the Collector's tree. Main thread only. */
#pragma once

#include "alloy/rows.h"

struct sm_diags;

/* What the front end has to know of components; given by who knows the registry. */
typedef const struct sm_component_type *sm_alloy_find_type(enum sm_component_kind kind, struct sm_slice name);

struct sm_alloy_options {
    enum sm_alloy_flavour flavour;
    sm_alloy_find_type *find_type;
    bool is_sealed; /* no file is read but the given ones (for tests on hostile input) */
};

/* The tree of the files, which form one configuration, in `arena`. NULL after errors, all of them told to `diags`. Its texts are as they are: a
 * caller that substitutes ${…} must double the dollars first. */
struct sm_node *sm_alloy_load(const struct sm_source *const *sources, size_t source_count, const struct sm_alloy_options *options,
                              struct sm_arena *arena, struct sm_diags *diags) __attribute__((warn_unused_result));
/* Whether the name of a file says that it is one: *.alloy, *.river. */
bool sm_alloy_is_file_name(struct sm_slice name, enum sm_alloy_flavour *flavour);
