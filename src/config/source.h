/* source.h - where configuration text comes from: one file, environment variable or command-line argument.
 *
 * Made in the configuration's arena and immutable; positions of nodes point to it. */
#pragma once

#include "base/slice.h"

enum sm_source_language { SM_SOURCE_YAML, SM_SOURCE_ALLOY };

struct sm_source {
    const char *name;     /* borrowed: arena; as shown in messages: "collector.yaml", "--set", "${env:X}" */
    struct sm_slice text; /* borrowed: arena */
    bool is_quotable;     /* its lines may be shown beside messages (not so for environment variables, which hold secrets) */
    enum sm_source_language language; /* messages look as users of the language know them */
};
