/* sampler_decisions.c - what probabilistic_sampler decides, for sampling_oracle.py to compare.
 *
 *     sampler_decisions MODE SEED PRECISION PERCENTAGE… < trace IDs, 16 bytes each
 *
 * Writes, for each percentage, one byte a trace ID ('1' kept, '0' not) and then a line of the trace states of the kept ones, FNV-1a-64 over all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "processors/probabilistic_sampler/items.h"
#include "telemetry/span.h"

static struct sm_bytes read_all(FILE *file)
{
    struct sm_bytes bytes = {0};
    size_t size;
    while ((size = fread(sm_bytes_reserve(&bytes, 65536), 1, 65536, file)) > 0)
        bytes.size += size;
    return bytes;
}

static uint64_t hash_more(uint64_t hash, struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void decide_all(const struct sm_sampler_options *options, const struct sm_bytes *ids)
{
    struct sm_sampler sampler;
    struct sm_arena arena;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    sm_sampler_init(&sampler, options);
    sm_arena_init(&arena);
    for (size_t at = 0; at + SM_TRACE_ID_SIZE <= ids->size; at += SM_TRACE_ID_SIZE) {
        struct sm_span span = {.trace_id = sm_slice_make(ids->ptr + at, SM_TRACE_ID_SIZE)};
        struct sm_sampler_item item;
        bool is_kept = sm_sampler_take_span(&sampler, &span, &arena, &item);
        putchar(is_kept ? '1' : '0');
        if (is_kept)
            hash = hash_more(hash_more(hash, span.trace_state), SM_SLICE("\n"));
    }
    printf("\n%016" PRIx64 "\n", hash);
    sm_arena_deinit(&arena);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    struct sm_bytes ids = read_all(stdin);
    struct sm_sampler_options options = {
        .mode = strcmp(argv[1], "hash_seed") == 0      ? SM_SAMPLER_HASH_SEED
                : strcmp(argv[1], "proportional") == 0 ? SM_SAMPLER_PROPORTIONAL
                                                       : SM_SAMPLER_EQUALIZING,
        .hash_seed = strtoul(argv[2], NULL, 10),
        .fail_closed = true,
        .sampling_precision = strtol(argv[3], NULL, 10),
        .attribute_source = "traceID",
    };
    for (int i = 4; i < argc; i++) {
        options.sampling_percentage = strtod(argv[i], NULL);
        decide_all(&options, &ids);
    }
    sm_bytes_deinit(&ids);
    return 0;
}
