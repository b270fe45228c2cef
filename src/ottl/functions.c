/* functions.c - finding a function by its name among the tables of functions_*.c. */
#include "config/diags.h"
#include "ottl/compile.h"

extern const struct sm_ottl_function sm_ottl_type_functions[], sm_ottl_string_functions[], sm_ottl_case_functions[], sm_ottl_format_functions[],
    sm_ottl_encoding_functions[], sm_ottl_collection_functions[], sm_ottl_pattern_functions[], sm_ottl_hash_functions[], sm_ottl_time_functions[],
    sm_ottl_parse_functions[], sm_ottl_telemetry_functions[], sm_ottl_editors[], sm_ottl_replace_editors[], sm_ottl_metric_functions[],
    sm_ottl_histogram_functions[], sm_ottl_aggregate_functions[], sm_ottl_span_functions[], sm_ottl_network_functions[], sm_ottl_log_functions[],
    sm_ottl_xml_functions[], sm_ottl_grok_functions[], sm_ottl_time_format_functions[];

const struct sm_ottl_function *const sm_ottl_function_tables[] = {
    sm_ottl_type_functions,
    sm_ottl_string_functions,
    sm_ottl_case_functions,
    sm_ottl_format_functions,
    sm_ottl_encoding_functions,
    sm_ottl_collection_functions,
    sm_ottl_pattern_functions,
    sm_ottl_hash_functions,
    sm_ottl_time_functions,
    sm_ottl_parse_functions,
    sm_ottl_telemetry_functions,
    sm_ottl_editors,
    sm_ottl_replace_editors,
    sm_ottl_metric_functions,
    sm_ottl_histogram_functions,
    sm_ottl_aggregate_functions,
    sm_ottl_span_functions,
    sm_ottl_network_functions,
    sm_ottl_log_functions,
    sm_ottl_xml_functions,
    sm_ottl_grok_functions,
    sm_ottl_time_format_functions,
    NULL,
};

static bool is_available(const struct sm_ottl_function *function, const struct sm_ottl_language *language)
{
    unsigned set = function->set ? function->set : SM_OTTL_CONVERTERS;
    return (set & language->functions) != 0 && (function->contexts == 0 || (function->contexts >> language->context & 1) != 0);
}

const struct sm_ottl_function *sm_ottl_function_find(struct sm_slice name, const struct sm_ottl_language *language)
{
    for (const struct sm_ottl_function *const *table = sm_ottl_function_tables; *table; table++)
        for (const struct sm_ottl_function *function = *table; function->name; function++)
            if (sm_slice_is(name, function->name) && is_available(function, language))
                return function;
    return NULL;
}

const char *sm_ottl_function_nearest(struct sm_slice name, const struct sm_ottl_language *language)
{
    const char *candidates[256];
    char word[64];
    size_t count = 0;
    for (const struct sm_ottl_function *const *table = sm_ottl_function_tables; *table; table++)
        for (const struct sm_ottl_function *function = *table; function->name && count < 256; function++)
            if (is_available(function, language))
                candidates[count++] = function->name;
    if (name.size >= sizeof(word))
        return NULL;
    memcpy(word, name.ptr, name.size);
    word[name.size] = '\0';
    return sm_nearest_word(word, candidates, count);
}
