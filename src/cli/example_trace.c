/* example_trace.c - see example_trace.h. A constant table of spans and a small generator of numbers; no state. Source: opentelemetry-proto trace/v1.
 */
#include "cli/example_trace.h"

#include "base/clock.h"
#include "wire/protobuf.h"

enum kind { KIND_INTERNAL = 1, KIND_SERVER = 2, KIND_CLIENT = 3, KIND_PRODUCER = 4, KIND_CONSUMER = 5 };
enum service { FRONTEND, CHECKOUT, CART, PAYMENT, SHIPPING, SERVICE_COUNT };

static const char *const service_names[SERVICE_COUNT] = {"shop-frontend", "checkout", "cart", "payment", "shipping"};

struct step {
    enum service service;
    int parent; /* index; -1: the root */
    const char *name;
    enum kind kind;
    unsigned begin_percent, end_percent; /* of the whole visit */
    const char *key, *value;             /* one attribute */
    bool can_fail;
};

static const struct step steps[] = {
    {FRONTEND, -1, "POST /checkout", KIND_SERVER, 0, 100, "http.request.method", "POST", true},
    {FRONTEND, 0, "checkout.PlaceOrder", KIND_CLIENT, 5, 95, "rpc.service", "shop.Checkout", true},
    {CHECKOUT, 1, "shop.Checkout/PlaceOrder", KIND_SERVER, 8, 93, "rpc.system", "grpc", true},
    {CART, 2, "shop.Cart/GetCart", KIND_SERVER, 12, 25, "rpc.system", "grpc", false},
    {CART, 3, "HGETALL", KIND_CLIENT, 14, 22, "db.system.name", "redis", false},
    {PAYMENT, 2, "shop.Payment/Charge", KIND_SERVER, 30, 70, "rpc.system", "grpc", true},
    {PAYMENT, 5, "INSERT payments", KIND_CLIENT, 55, 66, "db.system.name", "postgresql", false},
    {CHECKOUT, 2, "orders publish", KIND_PRODUCER, 74, 78, "messaging.system", "kafka", false},
    {SHIPPING, 7, "orders process", KIND_CONSUMER, 80, 92, "messaging.system", "kafka", false},
};
enum { STEP_COUNT = sizeof(steps) / sizeof(steps[0]) };

/* splitmix64: one number of a sequence. */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static void put_attribute(struct sm_bytes *out, uint32_t field, const char *key, const char *value)
{
    size_t attribute = sm_proto_message_begin(out, field);
    sm_proto_put_bytes(out, 1, sm_slice_of(key));
    size_t any = sm_proto_message_begin(out, 2);
    sm_proto_put_bytes(out, 1, sm_slice_of(value));
    sm_proto_message_end(out, any);
    sm_proto_message_end(out, attribute);
}

static void put_id(struct sm_bytes *out, uint32_t field, uint64_t high, uint64_t low, size_t size)
{
    uint64_t words[2] = {size == 16 ? high : low, low};
    sm_proto_put_bytes(out, field, sm_slice_make(words, size));
}

static void put_span(struct sm_bytes *out, const struct step *step, uint64_t id, uint64_t begin_ns, uint64_t whole_ns, bool is_failed)
{
    size_t span = sm_proto_message_begin(out, 2);
    put_id(out, 1, mix(id), mix(id + 1), 16);
    put_id(out, 2, 0, mix(id + 2 + (uint64_t)(step - steps)), 8);
    if (step->parent >= 0)
        put_id(out, 4, 0, mix(id + 2 + (uint64_t)step->parent), 8);
    sm_proto_put_bytes(out, 5, sm_slice_of(step->name));
    sm_proto_put_uint(out, 6, step->kind);
    sm_proto_put_fixed64(out, 7, begin_ns + whole_ns * step->begin_percent / 100);
    sm_proto_put_fixed64(out, 8, begin_ns + whole_ns * step->end_percent / 100);
    put_attribute(out, 9, step->key, step->value);
    if (is_failed && step->can_fail) {
        size_t status = sm_proto_message_begin(out, 15);
        sm_proto_put_bytes(out, 2, SM_SLICE("card declined"));
        sm_proto_put_uint(out, 3, 2);
        sm_proto_message_end(out, status);
    }
    sm_proto_message_end(out, span);
}

unsigned sm_example_trace_append(struct sm_bytes *out, uint64_t number, uint64_t seed, uint64_t now_ns, bool *is_failed)
{
    uint64_t id = mix(seed + number), whole_ns = (20 + mix(id) % 400) * SM_NS_PER_MS;
    *is_failed = number % 8 == 5;
    for (enum service service = 0; service < SERVICE_COUNT; service++) {
        size_t group = sm_proto_message_begin(out, 1);
        size_t resource = sm_proto_message_begin(out, 1);
        put_attribute(out, 1, "service.name", service_names[service]);
        sm_proto_message_end(out, resource);
        size_t scope_group = sm_proto_message_begin(out, 2);
        size_t scope = sm_proto_message_begin(out, 1);
        sm_proto_put_bytes(out, 1, SM_SLICE("spanmill.example"));
        sm_proto_message_end(out, scope);
        for (size_t i = 0; i < STEP_COUNT; i++)
            if (steps[i].service == service)
                put_span(out, &steps[i], id, now_ns - whole_ns, whole_ns, *is_failed);
        sm_proto_message_end(out, scope_group);
        sm_proto_message_end(out, group);
    }
    return STEP_COUNT;
}
