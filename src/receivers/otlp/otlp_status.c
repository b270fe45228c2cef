/* otlp_status.c - failures as clients of the otlp receiver are told them: google.rpc.Status in both encodings, codes as HTTP statuses.
 * Source: opentelemetry-proto docs/specification.md, "Failures" and "Throttling"; opentelemetry-collector receiver/otlpreceiver/internal/errors. */
#include "receivers/otlp/otlp.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/protobuf.h"

static const char RETRY_INFO_TYPE[] = "type.googleapis.com/google.rpc.RetryInfo";

/* Of "rpc error: code = Unavailable desc = text", a status that came from the next hop as it is, the text: its code is told beside it. */
static struct sm_slice told(const char *reason)
{
    static const char begin[] = "rpc error: code = ", behind_code[] = " desc = ";
    const char *text = strncmp(reason, begin, sizeof(begin) - 1) == 0 ? strstr(reason, behind_code) : NULL;
    return sm_slice_of(text ? text + sizeof(behind_code) - 1 : reason);
}

struct sm_otlp_status sm_otlp_status_of(const struct sm_outcome *outcome)
{
    enum sm_rpc_code code = outcome->kind == SM_RETRY ? SM_RPC_UNAVAILABLE : SM_RPC_INTERNAL;
    return (struct sm_otlp_status){
        .code = outcome->has_code ? outcome->code : code,
        .message = told(outcome->reason),
        .has_retry_after = outcome->has_retry_after,
        .retry_after_ns = outcome->retry_after_ns,
    };
}

int sm_otlp_http_status(enum sm_rpc_code code)
{
    if (sm_rpc_code_is_passing(code))
        return 503;
    switch (code) {
    case SM_RPC_RESOURCE_EXHAUSTED:
        return 429;
    case SM_RPC_INVALID_ARGUMENT:
        return 400;
    case SM_RPC_UNAUTHENTICATED:
        return 401;
    case SM_RPC_PERMISSION_DENIED:
        return 403;
    case SM_RPC_UNIMPLEMENTED:
        return 404;
    default:
        return 500;
    }
}

void sm_otlp_status_append_protobuf(const struct sm_otlp_status *status, struct sm_bytes *out)
{
    if (status->code != SM_RPC_OK)
        sm_proto_put_uint(out, 1, (uint64_t)status->code);
    if (status->message.size)
        sm_proto_put_bytes(out, 2, status->message);
    if (!status->has_retry_after)
        return;
    size_t any = sm_proto_message_begin(out, 3);
    sm_proto_put_bytes(out, 1, SM_SLICE("type.googleapis.com/google.rpc.RetryInfo"));
    size_t info = sm_proto_message_begin(out, 2);
    size_t delay = sm_proto_message_begin(out, 1);
    if (status->retry_after_ns >= SM_NS_PER_S)
        sm_proto_put_uint(out, 1, status->retry_after_ns / SM_NS_PER_S);
    if (status->retry_after_ns % SM_NS_PER_S)
        sm_proto_put_uint(out, 2, status->retry_after_ns % SM_NS_PER_S);
    sm_proto_message_end(out, delay);
    sm_proto_message_end(out, info);
    sm_proto_message_end(out, any);
}

/* Control characters, quotes and backslashes are escaped; bytes that are no UTF-8 become U+FFFD, so that the answer is JSON whatever a next hop said.
 */
static void append_json_string(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size;) {
        unsigned char c = (unsigned char)text.ptr[i];
        size_t size = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
        bool is_good = size > 0 && size <= text.size - i;
        for (size_t k = 1; is_good && k < size; k++)
            is_good = ((unsigned char)text.ptr[i + k] & 0xc0) == 0x80;
        if (!is_good) {
            sm_bytes_append_text(out, "\\ufffd");
            size = 1;
        } else if (c == '"' || c == '\\') {
            sm_bytes_printf(out, "\\%c", c);
        } else if (c < 0x20) {
            sm_bytes_printf(out, "\\u%04x", c);
        } else {
            sm_bytes_append(out, text.ptr + i, size);
        }
        i += size;
    }
    sm_bytes_append_char(out, '"');
}

/* "1.500s": seconds with 0, 3, 6 or 9 digits (protobuf's JSON form of a Duration). */
static void append_json_duration(struct sm_bytes *out, uint64_t ns)
{
    uint64_t rest = ns % SM_NS_PER_S;
    sm_bytes_printf(out, "\"%llu", (unsigned long long)(ns / SM_NS_PER_S));
    if (rest && rest % 1000000 == 0)
        sm_bytes_printf(out, ".%03llu", (unsigned long long)(rest / 1000000));
    else if (rest && rest % 1000 == 0)
        sm_bytes_printf(out, ".%06llu", (unsigned long long)(rest / 1000));
    else if (rest)
        sm_bytes_printf(out, ".%09llu", (unsigned long long)rest);
    sm_bytes_append_text(out, "s\"");
}

void sm_otlp_status_append_json(const struct sm_otlp_status *status, struct sm_bytes *out)
{
    sm_bytes_append_char(out, '{');
    if (status->code != SM_RPC_OK)
        sm_bytes_printf(out, "\"code\":%d", (int)status->code);
    if (status->message.size) {
        sm_bytes_append_text(out, status->code != SM_RPC_OK ? ",\"message\":" : "\"message\":");
        append_json_string(out, status->message);
    }
    if (status->has_retry_after) {
        sm_bytes_printf(out, ",\"details\":[{\"@type\":\"%s\",\"retryDelay\":", RETRY_INFO_TYPE);
        append_json_duration(out, status->retry_after_ns);
        sm_bytes_append_text(out, "}]");
    }
    sm_bytes_append_char(out, '}');
}
