/* What Datadog is told of hosts: of this machine once, of those that resources describe when they change, with their tags and facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exporters/datadog/host_metadata.h"
#include "exporters/datadog/last_post.h"
#include "pipeline/worker.h"
#include "telemetry/otlp.h"

/* ---- in the place of intake.c, beside last_post.h */

struct sm_datadog_lane *sm_datadog_lane_create(struct sm_datadog_intake *intake, struct sm_worker *worker)
{
    (void)worker;
    return (struct sm_datadog_lane *)intake;
}

void sm_datadog_lane_free(struct sm_datadog_lane *lane)
{
    (void)lane;
}

struct sm_datadog_intake *sm_datadog_intake_create(const struct sm_datadog_exporter_options *options, char *url,
                                                   const struct sm_datadog_intake_settings *settings, struct sm_error *error)
{
    (void)options, (void)url, (void)settings, (void)error;
    return NULL;
}

/* ---- an exporter */

static char id[] = "datadog";
static struct sm_component component = {.id = id};
static const char *own_tags[] = {"team:a"};
static struct sm_datadog_exporter_options options;
static struct sm_datadog_exporter exporter = {.options = &options, .component = &component, .hostname = "own"};
static struct sm_workers *workers;
static struct sm_host_metadata_lane *lane;

static int start(void **state)
{
    (void)state;
    struct sm_error error;
    options.host_metadata.enabled = true;
    options.host_metadata.hostname_source = SM_DATADOG_HOSTNAME_CONFIG_OR_SYSTEM;
    options.host_metadata.tags = (struct sm_string_list){.items = own_tags, .count = 1};
    workers = sm_workers_create(2, &error);
    assert_non_null(workers);
    exporter.host_metadata = sm_host_metadata_retain(&exporter);
    /* Any pointer but NULL stands for the intake; the second worker's lane has no timer. */
    lane = sm_host_metadata_lane_create(exporter.host_metadata, &exporter, (struct sm_datadog_intake *)&exporter, sm_workers_get(workers, 1));
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_host_metadata_lane_free(lane);
    sm_host_metadata_release(exporter.host_metadata);
    sm_workers_free(workers);
    forget_posts();
    return 0;
}

/* Attributes as OTLP/JSON; returns how many posts came of them. */
static size_t take(const char *attributes)
{
    struct sm_bytes text = {0};
    struct sm_decode_error error;
    size_t before = post_count;
    sm_bytes_printf(&text, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[%s]},\"scopeSpans\":[{\"spans\":[{\"name\":\"n\"}]}]}]}", attributes);
    struct sm_batch *batch = sm_otlp_decode_json(SM_TRACES, sm_bytes_slice(&text), &error);
    if (!batch)
        fail_msg("%s: %s", attributes, error.reason);
    sm_host_metadata_take(lane, batch);
    sm_batch_release(batch);
    sm_bytes_deinit(&text);
    return post_count - before;
}

/* A member of the last post by the path of its keys; gohai's text is JSON itself. */
static const char *member(const char *section, const char *key)
{
    static char found[256];
    json_t *facts = json_loads(json_string_value(json_object_get(last, "gohai")), 0, NULL);
    json_t *in_facts = json_object_get(facts, section), *in_post = json_object_get(last, section);
    const char *text = json_string_value(json_object_get(in_facts ? in_facts : in_post, key));
    snprintf(found, sizeof(found), "%s", text ? text : "");
    json_decref(facts);
    return found;
}

static void check_tags(const char *kind, const char *expected)
{
    char *got = json_dumps(json_object_get(json_object_get(last, "host-tags"), kind), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(got ? got : "", expected);
    free(got);
}

#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define LIST(key, first, second)                                                                                                                     \
    "{\"key\":\"" key "\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"" first "\"},{\"stringValue\":\"" second "\"}]}}}"
#define DESCRIBED "{\"key\":\"datadog.host.use_as_metadata\",\"value\":{\"boolValue\":true}}," TEXT("host.name", "h")

static void this_machine_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(take(TEXT("service.name", "s")), 1);
    assert_string_equal(json_string_value(json_object_get(last, "internalHostname")), "own");
    assert_string_equal(member("meta", "hostname"), "own");
    check_tags("otel", "[\"team:a\"]");
    assert_true(json_is_object(json_object_get(last, "resources")));
    assert_int_equal(take(TEXT("service.name", "s")), 0);
    assert_int_equal(take(TEXT("host.name", "other")), 0); /* it does not describe itself */
}

static void a_described_host_is_told_when_it_changes(void **state)
{
    (void)state;
    (void)take(TEXT("service.name", "s"));
    assert_int_equal(take(DESCRIBED "," TEXT("deployment.environment", "prod")), 0); /* with the next round */
    assert_int_equal(take(DESCRIBED "," TEXT("deployment.environment", "prod")), 0);
    assert_int_equal(take(DESCRIBED "," TEXT("deployment.environment", "test") "," TEXT("cloud.region", "eu")), 1);
    assert_string_equal(json_string_value(json_object_get(last, "internalHostname")), "h");
    check_tags("otel", "[\"env:test\",\"region:eu\"]");
    assert_true(json_is_null(json_object_get(last, "resources")));
    assert_int_equal(take(DESCRIBED), 1); /* its tags have gone */
    check_tags("otel", "");
}

static void attributes_are_facts_under_the_names_of_gohai(void **state)
{
    (void)state;
    /* opentelemetry-mapping-go pkg/inframetadata v0.21.0 */
    static const struct {
        const char *attribute, *section, *field, *value;
    } rows[] = {
        {TEXT("os.description", "v"), "platform", "os", "v"},
        {TEXT("os.type", "v"), "platform", "GOOS", "v"},
        {TEXT("host.arch", "v"), "platform", "GOOARCH", "v"},
        {TEXT("host.arch", "w"), "platform", "processor", "w"},
        {TEXT("host.arch", "x"), "platform", "machine", "x"},
        {TEXT("host.arch", "y"), "platform", "hardware_platform", "y"},
        {TEXT("os.kernel.name", "v"), "platform", "kernel_name", "v"},
        {TEXT("os.kernel.release", "v"), "platform", "kernel_release", "v"},
        {TEXT("os.kernel.version", "v"), "platform", "kernel_version", "v"},
        {TEXT("host.cpu.vendor.id", "v"), "cpu", "vendor_id", "v"},
        {TEXT("host.cpu.model.name", "v"), "cpu", "model_name", "v"},
        {TEXT("host.cpu.cache.l2.size", "v"), "cpu", "cache_size", "v"},
        {"{\"key\":\"host.cpu.cache.l2.size\",\"value\":{\"intValue\":\"7\"}}", "cpu", "cache_size", "7"},
        {TEXT("host.cpu.family", "v"), "cpu", "family", "v"},
        {TEXT("host.cpu.model.id", "v"), "cpu", "model", "v"},
        {TEXT("host.cpu.stepping", "v"), "cpu", "stepping", "v"},
        {LIST("host.mac", "AC-DE-48-23-45-67", "x"), "network", "macaddress", "ac:de:48:23:45:67"},
        {LIST("host.ip", "fe80::1", "10.0.0.1"), "network", "ipaddress", "10.0.0.1"},
        {LIST("host.ip", "10.0.0.2", "fe80::2"), "network", "ipaddressv6", "fe80::2"},
        {TEXT("cloud.provider", "aws") "," TEXT("host.id", "i-1"), "meta", "instance-id", "i-1"},
    };
    (void)take(TEXT("service.name", "s"));
    (void)take(DESCRIBED);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char attributes[1024];
        /* AWS names the host after its ID: it is new then, and told when it changes again. */
        snprintf(attributes, sizeof(attributes), DESCRIBED ",%s", rows[i].attribute);
        size_t posts = take(attributes);
        if (strcmp(rows[i].section, "meta") == 0) {
            snprintf(attributes, sizeof(attributes), DESCRIBED ",%s," TEXT("os.type", "z"), rows[i].attribute);
            posts = take(attributes);
        }
        assert_int_equal(posts, 1);
        if (strcmp(member(rows[i].section, rows[i].field), rows[i].value) != 0)
            fail_msg("%s: %s", rows[i].attribute, member(rows[i].section, rows[i].field));
    }
}

static void wrong_types_change_nothing(void **state)
{
    (void)state;
    (void)take(TEXT("service.name", "s"));
    (void)take(DESCRIBED "," TEXT("cloud.region", "eu"));
    static const char *const wrong[] = {
        DESCRIBED "," TEXT("cloud.region", "eu") ",{\"key\":\"os.type\",\"value\":{\"boolValue\":true}}",
        DESCRIBED ",{\"key\":\"cloud.region\",\"value\":{\"intValue\":\"1\"}}",
        DESCRIBED "," TEXT("cloud.region", "eu") "," TEXT("host.ip", "10.0.0.1"),
        DESCRIBED "," TEXT("datadog.host.tag.x", ""),
        TEXT("host.name", "h") "," TEXT("cloud.region", "us") "," TEXT("datadog.host.use_as_metadata", "true"),
        TEXT("host.name", "h") "," TEXT("cloud.region", "us") ",{\"key\":\"datadog.host.use_as_metadata\",\"value\":{\"boolValue\":false}}",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (take(wrong[i]) != 0)
            fail_msg("row %zu was posted", i);
    assert_int_equal(take(DESCRIBED "," TEXT("cloud.region", "eu") "," TEXT("datadog.host.tag.x", "1")), 1);
    check_tags("otel", "[\"region:eu\",\"x:1\"]");
}

/* A described host `name` with a tag of `size` bytes; returns how many posts came of it. */
static size_t take_large(const char *name, size_t size, char fill)
{
    struct sm_bytes text = {0};
    sm_bytes_printf(&text, "{\"key\":\"datadog.host.use_as_metadata\",\"value\":{\"boolValue\":true}}," TEXT("host.name", "%s") ",", name);
    sm_bytes_append_text(&text, "{\"key\":\"datadog.host.tag.x\",\"value\":{\"stringValue\":\"");
    for (size_t i = 0; i < size; i++)
        sm_bytes_append_char(&text, fill);
    sm_bytes_append_text(&text, "\"}}");
    size_t posts = take(sm_bytes_cstr(&text));
    sm_bytes_deinit(&text);
    return posts;
}

/* What is remembered is told when it changes: what was left out is new each time. */
static void hosts_are_bounded_in_number_and_size(void **state)
{
    (void)state;
    char name[32];
    (void)take(TEXT("service.name", "s"));
    assert_int_equal(take_large("large", 100 * 1024, 'a'), 0);
    assert_int_equal(take_large("large", 100 * 1024, 'b'), 0);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "h%u", i);
        assert_int_equal(take_large(name, 1, 'a'), 0);
    }
    size_t known = 0;
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "h%u", i);
        known += take_large(name, 1, 'b');
    }
    assert_int_equal(known, 9999); /* and this machine */
}

static void hosts_are_bounded_in_their_size_together(void **state)
{
    (void)state;
    char name[32];
    size_t known = 0;
    (void)take(TEXT("service.name", "s"));
    for (unsigned turn = 0; turn < 2; turn++)
        for (unsigned i = 0; i < 6000; i++) {
            snprintf(name, sizeof(name), "h%u", i);
            known += take_large(name, 8 * 1024, (char)('a' + turn));
        }
    assert_in_range(known, 1000, 5000); /* of 6000 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(this_machine_is_told_once, start, end),
        cmocka_unit_test_setup_teardown(a_described_host_is_told_when_it_changes, start, end),
        cmocka_unit_test_setup_teardown(attributes_are_facts_under_the_names_of_gohai, start, end),
        cmocka_unit_test_setup_teardown(wrong_types_change_nothing, start, end),
        cmocka_unit_test_setup_teardown(hosts_are_bounded_in_number_and_size, start, end),
        cmocka_unit_test_setup_teardown(hosts_are_bounded_in_their_size_together, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
