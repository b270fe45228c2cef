#include "datadog/recorded.h"

#include "datadog/otlp_names_v2.h"
#include "telemetry/span.h"

static void set_attributes(const json_t *row, const char *key, struct sm_attributes *attributes, struct sm_arena *arena)
{
    const char *name;
    json_t *value;
    struct sm_map *map = sm_attributes_edit(attributes, arena);
    json_object_foreach(json_object_get(row, key), name, value)
        sm_map_set(map, arena, sm_slice_of(name), sm_value_string(sm_slice_of(json_string_value(value))));
}

static void names_as_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("names_v2"), *row;
    size_t index;
    json_array_foreach(json_object_get(root, "rows"), index, row)
    {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_span span = {.name = recorded_text(row, "span_name"), .kind = (int32_t)recorded_int(row, "kind")};
        struct sm_attributes resource = {0};
        set_attributes(row, "span_attributes", &span.attributes, &arena);
        set_attributes(row, "resource_attributes", &resource, &arena);
        assert_slice_equal(sm_otlp_operation_v2(&span, &resource, &arena), recorded_text(row, "operation_name"));
        assert_slice_equal(sm_otlp_resource_v2(&span, &resource, &arena), recorded_text(row, "resource_name"));
        assert_slice_equal(sm_otlp_type_v2(&span, &resource, &arena), recorded_text(row, "type"));
        sm_arena_deinit(&arena);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_as_the_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
