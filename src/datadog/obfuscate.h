/* obfuscate.h - takes what may be private out of statements, commands and addresses that spans carry.
 *
 * Results are texts of the argument, constants, or in `arena`. Any thread; what is learned of a database's escapes is kept atomically.
 * Source: datadog-agent pkg/obfuscate and pkg/trace/agent/obfuscate.go, 0.59.0. */
#pragma once

#include "config/option.h"
#include "datadog/span.h"

#include <stdatomic.h>

struct sm_datadog_json_obfuscation {
    bool enabled;
    struct sm_string_list keep_values;          /* keys whose values stay */
    struct sm_string_list obfuscate_sql_values; /* keys whose values are statements */
};

struct sm_datadog_sql_obfuscation {
    bool table_names;        /* meta sql.tables: the tables that a statement names */
    bool replace_digits;     /* in names */
    bool keep_sql_alias;     /* AS … stays */
    bool dollar_quoted_func; /* what stands between $func$ is a statement */
};

/* All zero: only statements (sql, cassandra), Redis commands that are resources, and users in addresses. */
struct sm_datadog_obfuscation {
    struct sm_datadog_sql_obfuscation sql;
    struct sm_datadog_json_obfuscation elasticsearch, opensearch, mongodb;
    struct {
        bool remove_query_string, remove_paths_with_digits;
    } http;
    struct {
        bool enabled, remove_all_args;
    } redis;
    struct {
        bool enabled, keep_command;
    } memcached;
    struct {
        bool enabled, luhn;
    } credit_cards;
};

struct sm_datadog_obfuscator {
    struct sm_datadog_obfuscation settings;
    atomic_bool has_literal_escapes; /* of databases that do not escape with backslashes; found out */
};

void sm_datadog_obfuscate_span(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena);

/* False: it cannot be read as a statement. `tables` (may be NULL): with table_names, their names with commas between. */
bool sm_datadog_obfuscate_sql(struct sm_datadog_obfuscator *obfuscator, struct sm_slice statement, struct sm_arena *arena, struct sm_slice *out,
                              struct sm_slice *tables) __attribute__((warn_unused_result));
/* The commands alone, at most three of them. */
struct sm_slice sm_datadog_quantise_redis(struct sm_slice commands, struct sm_arena *arena);
/* The commands with "?" for what may be values. */
struct sm_slice sm_datadog_obfuscate_redis(struct sm_slice commands, struct sm_arena *arena);
/* The first command with "?" for everything behind it. */
struct sm_slice sm_datadog_strip_redis(struct sm_slice command, struct sm_arena *arena);
struct sm_slice sm_datadog_obfuscate_memcached(const struct sm_datadog_obfuscation *settings, struct sm_slice command);
struct sm_slice sm_datadog_obfuscate_url(const struct sm_datadog_obfuscation *settings, struct sm_slice url, struct sm_arena *arena);
/* JSON with "?" for values; one document or several, up to the first mistake, which "..." stands for. */
struct sm_slice sm_datadog_obfuscate_json(struct sm_datadog_obfuscator *obfuscator, const struct sm_datadog_json_obfuscation *settings,
                                          struct sm_slice json, struct sm_arena *arena);
/* Is the value of `key` the number of a credit card? */
bool sm_datadog_is_card_number(const struct sm_datadog_obfuscation *settings, struct sm_slice key, struct sm_slice value);
