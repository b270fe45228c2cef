/* service.h - the running program: builds the graph of a configuration, runs it until a signal, reloads it on SIGHUP.
 *
 * Main thread only. Signals: SIGTERM and SIGINT drain and end (a second one ends at once), SIGHUP loads the configuration again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sm_config;
struct sm_diags;
struct sm_error;

struct sm_service_options {
    /* Loads and checks the configuration; called at start and on every SIGHUP. NULL when it cannot be used, with every reason in `diags`. The
     * service releases the result with sm_config_free once nothing uses it any more. */
    struct sm_config *(*load)(void *context, struct sm_diags *diags);
    void *context;           /* borrowed: given to `load` */
    unsigned worker_count;   /* 0: one for each CPU the process may use */
    uint64_t drain_limit_ns; /* how long stopping may take; 0: SM_SERVICE_DRAIN_LIMIT_NS_DEFAULT */
};
#define SM_SERVICE_DRAIN_LIMIT_NS_DEFAULT UINT64_C(30000000000)

/* Makes everything that `config` asks for as a start does, opens nothing, and releases it all, the configuration too. False with the first reason in
 * `error`, and all of them in `diags`. */
bool sm_service_check(struct sm_config *config, struct sm_diags *diags, struct sm_error *error) __attribute__((warn_unused_result));

/* Runs until a signal ends it. Returns the exit status of the program: 0 after an orderly end; 1 when the configuration cannot be used, a component
 * does not start, or draining took longer than the limit. What went wrong has been written to standard error. */
int sm_service_run(const struct sm_service_options *options);
