/* otlp_grpc_options.h - the exporter `otlp_grpc` for those that make some of their own (load_balancing). */
#pragma once

#include "net/grpc_client.h"
#include "pipeline/component.h"
#include "pipeline/export.h"

struct sm_otlp_grpc_options {
    struct sm_export_options export;
    struct sm_grpc_client_options client;
};
extern const struct sm_option sm_otlp_grpc_option_table[];
/* The rules between the options; an empty endpoint is the caller's business. */
void sm_otlp_grpc_options_validate(const struct sm_otlp_grpc_options *options, struct sm_validation *validation);

extern const struct sm_component_type sm_exporter_otlp_grpc;
