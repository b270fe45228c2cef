/* v1_status.c - the status of a v1 span out of its tags: census.status_code before otel.status_code before error before http.status_code.
 * Source: pkg/translator/zipkin/zipkinv1/status_code.go. No state beyond the caller's. */
#include "receivers/zipkin/zipkin.h"

#include "wire/json_scanner.h"

enum telling { TELLS_CENSUS_CODE, TELLS_OTEL_CODE, TELLS_HTTP_CODE, TELLS_MESSAGE, TELLS_ERROR };

struct telling_tag {
    const char *key;
    enum telling telling;
    enum sm_zipkin_status_source source;
    bool is_used_up; /* no attribute */
};

static const struct telling_tag telling_tags[] = {
    {"census.status_code", TELLS_CENSUS_CODE, SM_ZIPKIN_STATUS_CENSUS, true},
    {"census.status_description", TELLS_MESSAGE, SM_ZIPKIN_STATUS_CENSUS, true},
    {"opencensus.status_description", TELLS_MESSAGE, SM_ZIPKIN_STATUS_CENSUS, true},
    {"otel.status_code", TELLS_OTEL_CODE, SM_ZIPKIN_STATUS_OTEL, true},
    {"otel.status_description", TELLS_MESSAGE, SM_ZIPKIN_STATUS_OTEL, true},
    {"http.status_code", TELLS_HTTP_CODE, SM_ZIPKIN_STATUS_HTTP, false},
    {"http.response.status_code", TELLS_HTTP_CODE, SM_ZIPKIN_STATUS_HTTP, false},
    {"http.status_message", TELLS_MESSAGE, SM_ZIPKIN_STATUS_HTTP, false},
    {"error", TELLS_ERROR, SM_ZIPKIN_STATUS_ERROR_TAG, true},
};

/* An integer, or a text that is one, of 32 bits. */
static bool read_code(const struct sm_value *value, int32_t *code)
{
    int64_t number = 0;
    if (value->type == SM_VALUE_INT)
        number = value->integer;
    else if (value->type != SM_VALUE_STRING || !sm_parse_int(value->string, INT64_MIN, INT64_MAX, &number))
        return false;
    *code = (int32_t)number;
    return number >= INT32_MIN && number <= INT32_MAX;
}

static int32_t status_of(enum telling telling, int32_t code)
{
    switch (telling) {
    case TELLS_CENSUS_CODE:
        return code == 0 ? SM_STATUS_OK : SM_STATUS_ERROR;
    case TELLS_HTTP_CODE:
        return code >= 100 && code < 400 ? SM_STATUS_UNSET : SM_STATUS_ERROR;
    default:
        return code; /* one that is not known stays */
    }
}

bool sm_zipkin_status_learn(struct sm_zipkin_status *status, struct sm_slice key, const struct sm_value *value)
{
    const struct telling_tag *tag = telling_tags, *end = tag + sizeof(telling_tags) / sizeof(telling_tags[0]);
    while (tag < end && !sm_slice_is(key, tag->key))
        tag++;
    if (tag == end)
        return false;
    int32_t code = SM_STATUS_ERROR;
    if (tag->telling == TELLS_MESSAGE) {
        status->from[tag->source].message = value->type == SM_VALUE_STRING ? value->string : SM_SLICE("");
    } else if (tag->telling == TELLS_ERROR || read_code(value, &code)) {
        status->from[tag->source].has_code = true;
        status->from[tag->source].code = status_of(tag->telling, code);
    }
    return tag->is_used_up;
}

void sm_zipkin_status_apply(const struct sm_zipkin_status *status, struct sm_built_span *span)
{
    int source = 0;
    while (source < SM_ZIPKIN_STATUS_SOURCE_COUNT && !status->from[source].has_code)
        source++;
    if (source == SM_ZIPKIN_STATUS_SOURCE_COUNT)
        return;
    span->status_code = status->from[source].code;
    span->status_message = status->from[source].message;
    if (source != SM_ZIPKIN_STATUS_ERROR_TAG)
        return;
    const struct sm_slice *census = &status->from[SM_ZIPKIN_STATUS_CENSUS].message;
    span->status_message = census->size ? *census : status->from[SM_ZIPKIN_STATUS_OTEL].message;
}
