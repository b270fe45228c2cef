/* detailed_lines.c - see detailed.h.
 *
 * Source: opentelemetry-collector exporter/debugexporter/internal/otlptext/databuffer.go. */
#include "exporters/debug/detailed.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "exporters/debug/text.h"

void sm_debug_line(struct sm_bytes *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sm_bytes_vprintf(out, format, args);
    va_end(args);
    sm_bytes_append_char(out, '\n');
}

void sm_debug_time_line(struct sm_bytes *out, const char *label, uint64_t time_ns)
{
    /* Signed, as the reference takes it: what is above the range of int64_t is before 1970. */
    int64_t since_epoch = (int64_t)time_ns, below_second = since_epoch % (int64_t)SM_NS_PER_S;
    time_t seconds = (time_t)(since_epoch / (int64_t)SM_NS_PER_S);
    if (below_second < 0) {
        below_second += (int64_t)SM_NS_PER_S;
        seconds--;
    }
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    sm_bytes_printf(out, "%s: %04d-%02d-%02d %02d:%02d:%02d", label, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                    utc.tm_sec);
    if (below_second) {
        sm_bytes_printf(out, ".%09u", (unsigned)below_second);
        while (out->ptr[out->size - 1] == '0')
            out->size--;
    }
    sm_bytes_append_text(out, " +0000 UTC\n");
}

void sm_debug_id_line(struct sm_bytes *out, const char *label, struct sm_slice id)
{
    sm_bytes_printf(out, "%s: ", label);
    sm_debug_write_id(out, id);
    sm_bytes_append_char(out, '\n');
}

void sm_debug_fixed_line(struct sm_bytes *out, const char *label, double number)
{
    sm_bytes_printf(out, "%s: ", label);
    sm_debug_write_fixed(out, number);
    sm_bytes_append_char(out, '\n');
}

void sm_debug_typed_value(struct sm_bytes *out, const struct sm_value *value, struct sm_arena *arena)
{
    static const char *const names[] = {
        [SM_VALUE_EMPTY] = "Empty",   [SM_VALUE_STRING] = "Str", [SM_VALUE_BOOL] = "Bool", [SM_VALUE_INT] = "Int",
        [SM_VALUE_DOUBLE] = "Double", [SM_VALUE_LIST] = "Slice", [SM_VALUE_MAP] = "Map",   [SM_VALUE_BYTES] = "Bytes",
    };
    sm_bytes_printf(out, "%s(", names[value->type]);
    sm_debug_write_value(out, value, arena);
    sm_bytes_append_char(out, ')');
}

void sm_debug_attribute_lines(struct sm_bytes *out, const char *header, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    const char *arrow = strstr(header, "->");
    for (bool is_first = true; sm_attributes_next(&cursor, &attribute); is_first = false) {
        if (is_first)
            sm_debug_line(out, "%s:", header);
        sm_bytes_printf(out, "%.*s     -> %.*s: ", arrow ? (int)(arrow - header) : 0, header, SM_SLICE_ARGS(attribute.key));
        sm_debug_typed_value(out, &attribute.value, arena);
        sm_bytes_append_char(out, '\n');
    }
}
