/* Obfuscators: statements, commands, addresses and documents that clients send. The first byte chooses settings. */
#include "datadog/obfuscate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static const char *keep[] = {"keep"}, *statement[] = {"sql"};
    struct sm_datadog_obfuscator obfuscator = {
        .settings = {
            .sql = {.table_names = data[0] & 1, .replace_digits = data[0] & 2, .keep_sql_alias = data[0] & 4, .dollar_quoted_func = data[0] & 8},
            .mongodb = {.enabled = true, .keep_values = {keep, 1}, .obfuscate_sql_values = {statement, 1}},
            .http = {.remove_query_string = data[0] & 16, .remove_paths_with_digits = data[0] & 32},
            .memcached = {.keep_command = true},
            .credit_cards = {.luhn = data[0] & 64},
        }};
    struct sm_slice text = sm_slice_make(data + 1, size - 1), out, tables;
    struct sm_arena arena = SM_ARENA_INIT;
    if (sm_datadog_obfuscate_sql(&obfuscator, text, &arena, &out, &tables) && out.size == 0)
        __builtin_trap();
    sm_datadog_quantise_redis(text, &arena);
    sm_datadog_obfuscate_redis(text, &arena);
    sm_datadog_strip_redis(text, &arena);
    sm_datadog_obfuscate_url(&obfuscator.settings, text, &arena);
    sm_datadog_obfuscate_memcached(&obfuscator.settings, text);
    sm_datadog_obfuscate_json(&obfuscator, &obfuscator.settings.mongodb, text, &arena);
    sm_datadog_is_card_number(&obfuscator.settings, SM_SLICE("key"), text);
    sm_arena_deinit(&arena);
    return 0;
}
