/* enums.c - the enum symbols that each context knows.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/ctx{span,metric,datapoint,log}/symbols.go. */
#include "config/diags.h"
#include "ottl/compile.h"

enum {
    OF_SPANS = 1u << SM_OTTL_SPAN | 1u << SM_OTTL_SPANEVENT,
    OF_METRICS = 1u << SM_OTTL_METRIC | 1u << SM_OTTL_DATAPOINT,
    OF_POINTS = 1u << SM_OTTL_DATAPOINT,
    OF_LOGS = 1u << SM_OTTL_LOG,
};

static const struct {
    const char *symbol;
    int number;
    unsigned contexts;
} enums[] = {
    {"SPAN_KIND_UNSPECIFIED", 0, OF_SPANS},
    {"SPAN_KIND_INTERNAL", 1, OF_SPANS},
    {"SPAN_KIND_SERVER", 2, OF_SPANS},
    {"SPAN_KIND_CLIENT", 3, OF_SPANS},
    {"SPAN_KIND_PRODUCER", 4, OF_SPANS},
    {"SPAN_KIND_CONSUMER", 5, OF_SPANS},
    {"STATUS_CODE_UNSET", 0, OF_SPANS},
    {"STATUS_CODE_OK", 1, OF_SPANS},
    {"STATUS_CODE_ERROR", 2, OF_SPANS},
    {"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0, OF_METRICS},
    {"AGGREGATION_TEMPORALITY_DELTA", 1, OF_METRICS},
    {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2, OF_METRICS},
    {"METRIC_DATA_TYPE_NONE", 0, OF_METRICS},
    {"METRIC_DATA_TYPE_GAUGE", 1, OF_METRICS},
    {"METRIC_DATA_TYPE_SUM", 2, OF_METRICS},
    {"METRIC_DATA_TYPE_HISTOGRAM", 3, OF_METRICS},
    {"METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4, OF_METRICS},
    {"METRIC_DATA_TYPE_SUMMARY", 5, OF_METRICS},
    {"FLAG_NONE", 0, OF_POINTS},
    {"FLAG_NO_RECORDED_VALUE", 1, OF_POINTS},
    {"SEVERITY_NUMBER_UNSPECIFIED", 0, OF_LOGS},
    {"SEVERITY_NUMBER_TRACE", 1, OF_LOGS},
    {"SEVERITY_NUMBER_TRACE2", 2, OF_LOGS},
    {"SEVERITY_NUMBER_TRACE3", 3, OF_LOGS},
    {"SEVERITY_NUMBER_TRACE4", 4, OF_LOGS},
    {"SEVERITY_NUMBER_DEBUG", 5, OF_LOGS},
    {"SEVERITY_NUMBER_DEBUG2", 6, OF_LOGS},
    {"SEVERITY_NUMBER_DEBUG3", 7, OF_LOGS},
    {"SEVERITY_NUMBER_DEBUG4", 8, OF_LOGS},
    {"SEVERITY_NUMBER_INFO", 9, OF_LOGS},
    {"SEVERITY_NUMBER_INFO2", 10, OF_LOGS},
    {"SEVERITY_NUMBER_INFO3", 11, OF_LOGS},
    {"SEVERITY_NUMBER_INFO4", 12, OF_LOGS},
    {"SEVERITY_NUMBER_WARN", 13, OF_LOGS},
    {"SEVERITY_NUMBER_WARN2", 14, OF_LOGS},
    {"SEVERITY_NUMBER_WARN3", 15, OF_LOGS},
    {"SEVERITY_NUMBER_WARN4", 16, OF_LOGS},
    {"SEVERITY_NUMBER_ERROR", 17, OF_LOGS},
    {"SEVERITY_NUMBER_ERROR2", 18, OF_LOGS},
    {"SEVERITY_NUMBER_ERROR3", 19, OF_LOGS},
    {"SEVERITY_NUMBER_ERROR4", 20, OF_LOGS},
    {"SEVERITY_NUMBER_FATAL", 21, OF_LOGS},
    {"SEVERITY_NUMBER_FATAL2", 22, OF_LOGS},
    {"SEVERITY_NUMBER_FATAL3", 23, OF_LOGS},
    {"SEVERITY_NUMBER_FATAL4", 24, OF_LOGS},
};
enum { ENUM_COUNT = sizeof(enums) / sizeof(enums[0]) };

bool sm_ottl_enum_find(enum sm_ottl_context context, struct sm_slice symbol, int64_t *number)
{
    for (size_t i = 0; i < ENUM_COUNT; i++)
        if ((enums[i].contexts >> context & 1) != 0 && sm_slice_is(symbol, enums[i].symbol)) {
            *number = enums[i].number;
            return true;
        }
    return false;
}

const char *sm_ottl_enum_nearest(enum sm_ottl_context context, struct sm_slice symbol)
{
    const char *candidates[ENUM_COUNT];
    char word[64];
    size_t count = 0;
    for (size_t i = 0; i < ENUM_COUNT; i++)
        if ((enums[i].contexts >> context & 1) != 0)
            candidates[count++] = enums[i].symbol;
    if (symbol.size >= sizeof(word))
        return NULL;
    memcpy(word, symbol.ptr, symbol.size);
    word[symbol.size] = '\0';
    return sm_nearest_word(word, candidates, count);
}
