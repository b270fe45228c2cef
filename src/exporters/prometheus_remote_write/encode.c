/* encode.c - see encode.h. Stateless. Fields with their zero value are left out, as protobuf has it; those of a oneof are not. */
#include "exporters/prometheus_remote_write/encode.h"

void sm_write_put_double(struct sm_proto_writer *writer, uint32_t number, double value)
{
    if (value != 0) /* not a number is written */
        sm_proto_write_double(writer, number, value);
}

void sm_write_put_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value)
{
    if (value)
        sm_proto_write_uint(writer, number, value);
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

void sm_write_put_text(struct sm_proto_writer *writer, uint32_t number, struct sm_slice text)
{
    if (text.size)
        sm_proto_write_bytes(writer, number, text);
}

static void put_buckets(struct sm_proto_writer *writer, uint32_t spans_number, uint32_t deltas_number, const struct sm_write_buckets *buckets)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (size_t i = buckets->delta_count; i-- > 0;)
        sm_proto_write_varint(writer, zigzag(buckets->deltas[i]));
    if (buckets->delta_count)
        sm_proto_write_message(writer, deltas_number, mark);
    for (size_t i = buckets->span_count; i-- > 0;) {
        mark = sm_proto_writer_mark(writer);
        sm_write_put_uint(writer, 2, buckets->spans[i].count);
        sm_write_put_uint(writer, 1, (uint32_t)zigzag(buckets->spans[i].offset));
        sm_proto_write_message(writer, spans_number, mark);
    }
}

void sm_write_put_histogram(struct sm_proto_writer *writer, uint32_t number, const struct sm_write_histogram *histogram)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_write_put_uint(writer, 15, (uint64_t)histogram->time_ms);
    put_buckets(writer, 11, 12, &histogram->positive);
    put_buckets(writer, 8, 9, &histogram->negative);
    sm_proto_write_uint(writer, 6, histogram->zero_count);
    sm_write_put_double(writer, 5, histogram->zero_threshold);
    sm_write_put_uint(writer, 4, (uint32_t)zigzag(histogram->schema));
    sm_write_put_double(writer, 3, histogram->sum);
    sm_proto_write_uint(writer, 1, histogram->count);
    sm_proto_write_message(writer, number, mark);
}

void sm_write_put_sample(struct sm_proto_writer *writer, const struct sm_write_sample *sample)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_write_put_uint(writer, 2, (uint64_t)sample->time_ms);
    sm_write_put_double(writer, 1, sample->value);
    sm_proto_write_message(writer, 2, mark);
}

void sm_write_append(struct sm_proto_writer *writer, struct sm_bytes *out)
{
    sm_proto_writer_finish(writer);
    for (size_t i = 0; i < writer->piece_count; i++)
        sm_bytes_append(out, writer->pieces[i].iov_base, writer->pieces[i].iov_len);
}
