/* rows_extensions.c - otelcol.storage.* and otelcol.auth.*. Source: Alloy's internal/component/otelcol/{storage,auth}. */
#include "alloy/finish.h"
#include "alloy/rows.h"

static const struct sm_alloy_row compaction_rows[] = {
    SM_ALLOY_SWITCH("on_start"),
    SM_ALLOY_SWITCH("on_rebound"),
    SM_ALLOY_TEXT("directory"),
    SM_ALLOY_NUMBER_("rebound_needed_threshold_mib"),
    SM_ALLOY_NUMBER_("rebound_trigger_threshold_mib"),
    SM_ALLOY_NUMBER_("max_transaction_size"),
    SM_ALLOY_TIME("check_interval"),
    SM_ALLOY_SWITCH("cleanup_on_start"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row storage_rows[] = {
    SM_ALLOY_TEXT("directory"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_BLOCK("compaction", compaction_rows),
    SM_ALLOY_SWITCH("fsync"),
    SM_ALLOY_SWITCH("create_directory", .preset = "true"),
    SM_ALLOY_TEXT("directory_permissions"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* ---- authenticators */

static const struct sm_alloy_row client_auth_rows[] = {
    SM_ALLOY_TEXT("username"), SM_ALLOY_TEXT("username_file"), SM_ALLOY_SECRET_TEXT("password"), SM_ALLOY_TEXT("password_file"), SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row htpasswd_rows[] = {
    SM_ALLOY_TEXT("file"),
    SM_ALLOY_TEXT("inline"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row basic_rows[] = {
    SM_ALLOY_TEXT("username"),
    SM_ALLOY_SECRET_TEXT("password"),
    SM_ALLOY_BLOCK("client_auth", client_auth_rows),
    SM_ALLOY_BLOCK("htpasswd", htpasswd_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row bearer_rows[] = {
    SM_ALLOY_TEXT("scheme"), SM_ALLOY_SECRET_TEXT("token", .required = true), SM_ALLOY_TEXT("header"), SM_ALLOY_DEBUG_METRICS, SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row header_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_ATTRIBUTE("value", SM_ALLOY_WANT_OPTIONAL_SECRET, .is_absent_when_null = true),
    SM_ALLOY_TEXT("from_context", .is_absent_when_null = true),
    SM_ALLOY_TEXT("from_attribute", .is_absent_when_null = true),
    SM_ALLOY_TEXT("action"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row headers_rows[] = {
    SM_ALLOY_BLOCKS("header", "headers", header_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_component sm_alloy_extensions[] = {
    {.name = "otelcol.storage.file",
     .kind = SM_EXTENSION,
     .type = "file_storage",
     .rows = storage_rows,
     .exports = SM_ALLOY_STORAGE_HANDLER,
     .finish = sm_alloy_finish_storage},
    {.name = "otelcol.auth.basic",
     .kind = SM_EXTENSION,
     .type = "basicauth",
     .rows = basic_rows,
     .exports = SM_ALLOY_AUTH_HANDLER,
     .finish = sm_alloy_finish_basic},
    {.name = "otelcol.auth.bearer", .kind = SM_EXTENSION, .type = "bearertokenauth", .rows = bearer_rows, .exports = SM_ALLOY_AUTH_HANDLER},
    {.name = "otelcol.auth.headers", .kind = SM_EXTENSION, .type = "headers_setter", .rows = headers_rows, .exports = SM_ALLOY_AUTH_HANDLER},
    {0},
};
