/* value_encode.c - values and attribute sets as protobuf bytes, for components that keep them beyond their batch. */
#include "telemetry/otlp_encode.h"
#include "telemetry/value.h"

static struct sm_slice join_pieces(struct sm_proto_writer *writer, struct sm_arena *arena)
{
    sm_proto_writer_finish(writer);
    char *bytes = sm_arena_alloc(arena, writer->size);
    size_t size = 0;
    for (size_t i = 0; i < writer->piece_count; i++) {
        memcpy(bytes + size, writer->pieces[i].iov_base, writer->pieces[i].iov_len);
        size += writer->pieces[i].iov_len;
    }
    return sm_slice_make(bytes, size);
}

struct sm_slice sm_value_encode(const struct sm_value *value, struct sm_arena *arena)
{
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, arena);
    sm_otlp_write_value(&writer, value);
    return join_pieces(&writer, arena);
}

struct sm_slice sm_attributes_encode(const struct sm_attributes *attributes, uint8_t field, struct sm_arena *arena)
{
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, arena);
    sm_otlp_write_attributes(&writer, attributes, field);
    return join_pieces(&writer, arena);
}
