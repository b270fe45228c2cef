/* attribute_actions.h - the list of actions that the attributes and resource processors apply to a set of attributes.
 *
 * Immutable once made: any thread may apply it to attributes it owns. */
#pragma once

#include "config/option.h"
#include "telemetry/value.h"

struct sm_batch;

struct sm_attribute_action_options {
    const char *key;
    const struct sm_node *value, *default_value;
    const char *pattern, *from_attribute, *from_context, *converted_type, *action;
};
extern const struct sm_option sm_attribute_action_table[];

struct sm_attribute_actions;

/* NULL with the reason in `message` (size 256) when one of them is not valid; `actions` holds sm_attribute_action_options. */
struct sm_attribute_actions *sm_attribute_actions_create(const struct sm_table_list *actions, char message[static 256])
    __attribute__((warn_unused_result));
void sm_attribute_actions_free(struct sm_attribute_actions *actions); /* NULL is allowed */

/* Applies all in order. True when something changed (the caller marks the owner). `batch` gives what is known of the client. */
bool sm_attribute_actions_apply(const struct sm_attribute_actions *actions, struct sm_attributes *attributes, const struct sm_batch *batch,
                                struct sm_arena *arena);
