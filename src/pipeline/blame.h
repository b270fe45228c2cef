/* blame.h - what went wrong when a configuration was brought to life, told with the place of the option that is to blame. */
#pragma once

struct sm_config;
struct sm_diags;
struct sm_error;
struct sm_graph_component;

/* Adds `error`, which creating or starting `component` gave, to `diags` (NULL: nothing happens): at the place of the option that the error blames, of
 * the component where it blames none or the file does not name it. */
void sm_blame_tell(const struct sm_graph_component *component, const struct sm_error *error, struct sm_diags *diags);
/* The same for what is made of `service`. */
void sm_blame_tell_service(const struct sm_config *config, const struct sm_error *error, struct sm_diags *diags);
