/* attributes_keep_fuzz.c - the first two bytes choose which keys stay, the rest is an OTLP protobuf request of traces: taking attributes out of their
 * encoded bytes must leave what taking them out of decoded maps does. */
#include "otlp_exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the sum of the key's bytes. */
static bool keeps(void *context, struct sm_slice key)
{
    const uint16_t *mask = context;
    unsigned sum = 0;
    for (size_t i = 0; i < key.size; i++)
        sum += (uint8_t)key.ptr[i];
    return *mask >> sum % 16 & 1;
}

static void keep_in(struct sm_attributes *attributes, struct sm_arena *arena, bool is_decoded, uint16_t *mask)
{
    if (is_decoded)
        sm_map_keep(sm_attributes_edit(attributes, arena), keeps, mask);
    else
        sm_attributes_keep(attributes, arena, keeps, mask);
}

static void keep_in_all(struct sm_batch *batch, bool is_decoded, uint16_t mask)
{
    for (size_t g = 0; g < batch->count; g++) {
        struct sm_resource_group *group = &batch->groups[g];
        keep_in(&group->resource.attributes, &batch->arena, is_decoded, &mask);
        group->resource.changed = true;
        sm_batch_mark_changed(batch, group, NULL);
        for (size_t s = 0; s < group->count; s++) {
            struct sm_scope_group *scope = &group->scopes[s];
            sm_batch_mark_changed(batch, group, scope);
            for (size_t i = 0; i < scope->count; i++) {
                keep_in(&scope->spans[i].attributes, &batch->arena, is_decoded, &mask);
                scope->spans[i].changed |= SM_SPAN_CHANGED_ATTRIBUTES;
            }
        }
    }
}

/* Unknown fields of a KeyValue stay in encoded bytes and are lost in decoded ones: all are decoded before they are compared. */
static void append_json(struct sm_batch *batch, struct sm_bytes *json)
{
    enum { ALL = 0xffff };
    struct sm_batch *again = decode_again(batch);
    keep_in_all(again, true, ALL);
    sm_otlp_encode_json(again, json);
    sm_batch_release(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint16_t mask = (uint16_t)(data[0] | data[1] << 8);
    struct sm_decode_error error = {0};
    struct sm_buffer *request = sm_buffer_try_copy(sm_slice_make(data + 2, size - 2));
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, request, &error);
    if (batch) {
        struct sm_bytes json = {0}, decoded_json = {0};
        struct sm_batch *decoded = sm_batch_clone(batch);
        keep_in_all(batch, false, mask);
        keep_in_all(decoded, true, mask);
        append_json(batch, &json);
        append_json(decoded, &decoded_json);
        CHECK(sm_slice_equal(sm_bytes_slice(&json), sm_bytes_slice(&decoded_json)));
        sm_bytes_deinit(&json);
        sm_bytes_deinit(&decoded_json);
        sm_batch_release(decoded);
    }
    sm_batch_release(batch);
    sm_buffer_release(request);
    return 0;
}
