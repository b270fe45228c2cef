/* json_path_fuzz.c - a path, a NUL and a JSON document: json_path on them, and the document as encoding.from_json reads it. */
#include <stdint.h>

#include "alloy/json_value.h"
#include "alloy/library.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_alloy_machine machine = {.arena = &arena};
    struct sm_slice document = sm_slice_make(data, size), path = sm_slice_cut(&document, '\0');
    const char *reason;
    const struct sm_alloy_value *function = sm_alloy_library_find(&arena, SM_SLICE("json_path"));
    struct sm_alloy_value *args[] = {sm_alloy_string(&arena, document), sm_alloy_string(&arena, path)};
    if (!sm_alloy_library_call(&machine, function, args, 2))
        (void)sm_alloy_fault_text(&machine.fault, &arena);
    const struct sm_alloy_value *value = sm_alloy_read_json(document, SM_ALLOY_JSON_GO, &arena, &reason);
    if (value) {
        struct sm_bytes text;
        sm_bytes_init(&text, &arena);
        sm_alloy_write_json(value, &arena, &text);
    }
    sm_arena_deinit(&arena);
    return 0;
}
