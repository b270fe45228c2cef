"""What Alloy's and the Agent's documentation say of every argument, as arguments.py tests it.

A component is (name, section and type of the Collector, what must be there, rows, keywords). A row is columns between two or more blanks:

    PATH   DEFAULT [~ DEFAULT IN .river]   ANOTHER VALUE   [SETTING]   [WHAT ANOTHER VALUE BECOMES]

PATH has the blocks and the argument between dots; values are Alloy expressions; SETTING is the Collector's, parts between dots, "=" when it is called the
same, "-" when nothing may come of it (it has no effect, or is only checked); `none` as default: not given, which is another thing than empty.

What must be there: {path: line}, also of blocks that are always there; "a|b" as last part: the line stands for either. Keywords:
    needs        the same for blocks that are there when one of their arguments is tested
    given        paths whose default is not looked at, because something must be there
    alone        {path: lines beside the argument, instead of those of the same name}        instead    {path: the same on the top level}
    computed     {path: what the Collector's configuration has for the documented default, because it means that}
    beside, user, signals, id, back_id        components that name it ("@": the label); the one to be fed, with what; the id on the Collector's side, also after the way
                 there and back
    river_lacks  paths that only Alloy has
    optional     paths whose default needs their block
    unbuilt      paths whose other value `validate` refuses, because it is not built or rests on files
"""

OUTPUT = {"output": "output { }"}

TLS = """
{0}.ca_file  ""  "/x/ca"  {1}.ca_file
{0}.ca_pem  ""  "pem"  {1}.ca_pem
{0}.cert_file  ""  "/x/cert"  {1}.cert_file
{0}.cert_pem  ""  "pem"  {1}.cert_pem
{0}.key_file  ""  "/x/key"  {1}.key_file
{0}.key_pem  ""  "pem"  {1}.key_pem
{0}.min_version  ""  "1.3"  {1}.min_version
{0}.max_version  ""  "1.3"  {1}.max_version
{0}.reload_interval  "0s"  "7s"  {1}.reload_interval
{0}.cipher_suites  []  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]  {1}.cipher_suites
{0}.include_insecure_cipher_suites  false  true  {1}.include_insecure_cipher_suites
{0}.include_system_ca_certs_pool  false  true  {1}.include_system_ca_certs_pool
{0}.curve_preferences  []  ["P256"]  {1}.curve_preferences
"""
TLS_SERVER = TLS + '{0}.client_ca_file  ""  "/x/clients"  {1}.client_ca_file\n'
PAIR = {"cert_file|cert_pem": 'cert_file = "/x/c"', "key_file|key_pem": 'key_file = "/x/k"'}


def pairs(*blocks):
    """A certificate has its key."""
    return {block + "." + key: line for block in blocks for key, line in PAIR.items()}


TLS_CLIENT = TLS + """
{0}.insecure  false  true  {1}.insecure
{0}.insecure_skip_verify  false  true  {1}.insecure_skip_verify
{0}.server_name  ""  "other.name"  {1}.server_name_override
"""


def tls(form, path, setting):
    return form.replace("{0}", path).replace("{1}", setting)


def below(rows, path, setting):
    """The same rows inside of a block."""
    made = []
    for row in filter(str.strip, rows.splitlines()):
        columns = split(row)
        columns += ["="] * (4 - len(columns))
        inner = columns[0] if columns[3] == "=" else columns[3]
        columns[3] = "-" if inner == "-" else setting + "." + inner if setting else inner
        columns[0] = path + "." + columns[0]
        made.append("  ".join(columns))
    return "\n".join(made) + "\n"


def split(row):
    import re
    return re.split(r"\s{2,}", row.strip())


GRPC_SERVER = """
transport  "tcp"  "unix"
max_recv_msg_size  "4MiB"  "8MiB"  max_recv_msg_size_mib  8
max_concurrent_streams  0  77
read_buffer_size  "512KiB"  "1MiB"
write_buffer_size  "0B"  "64KiB"
include_metadata  false  true
keepalive.server_parameters.max_connection_idle  "0s"  "7s"
keepalive.server_parameters.max_connection_age  "0s"  "7s"
keepalive.server_parameters.max_connection_age_grace  "0s"  "7s"
keepalive.server_parameters.time  "0s"  "7s"
keepalive.server_parameters.timeout  "0s"  "7s"
keepalive.enforcement_policy.min_time  "0s"  "7s"
keepalive.enforcement_policy.permit_without_stream  false  true
""" + tls(TLS_SERVER, "tls", "tls")

HTTP_SERVER = """
compression_algorithms  ["", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4"]  ["gzip"]
idle_timeout  "1m"  "7s"
read_timeout  "0s"  "7s"
write_timeout  "30s"  "7s"
read_header_timeout  "1m"  "7s"
max_request_body_size  "20MiB"  "8MiB"
include_metadata  false  true
keep_alives_enabled  true  false
cors.allowed_origins  []  ["https://a.example"]
cors.allowed_headers  []  ["X-A"]
cors.exposed_headers  []  ["X-B"]
cors.max_age  0  77
""" + tls(TLS_SERVER, "tls", "tls")

# Where the Collector has nothing, and means the documented value by it.
HTTP_COMPUTED = {"compression_algorithms": [], "max_request_body_size": 0}


def in_block(block, rows):
    return {block + "." + path: value for path, value in rows.items()}


GRPC_CLIENT = """
compression  "gzip"  "zstd"
read_buffer_size  "0B"  "1MiB"
write_buffer_size  "512KiB"  "1MiB"
wait_for_ready  false  true
headers  {}  {"x-a" = "b"}
balancer_name  "round_robin" ~ "pick_first"  "pick_first" ~ "round_robin"
authority  ""  "other.name"
keepalive.ping_wait  "10s"  "17s"  keepalive.time
keepalive.ping_response_timeout  "10s"  "7s"  keepalive.timeout
keepalive.ping_without_stream  false  true  keepalive.permit_without_stream
""" + tls(TLS_CLIENT, "tls", "tls")

HTTP_CLIENT = """
timeout  "30s"  "7s"
compression  "gzip"  "zstd"
compression_params.level  none  5
read_buffer_size  "0B"  "1MiB"
write_buffer_size  "512KiB"  "1MiB"
headers  {}  {"x-a" = "b"}
max_idle_conns  100  7
max_idle_conns_per_host  0  7
max_conns_per_host  0  7
idle_conn_timeout  "90s"  "7s"
disable_keep_alives  false  true
http2_read_idle_timeout  "0s"  "7s"
http2_ping_timeout  "15s"  "7s"
force_attempt_http2  true  false
proxy_url  ""  "http://127.0.0.1:1"
cookies.enabled  false  true
""" + tls(TLS_CLIENT, "tls", "tls")

QUEUE = """
{0}.enabled  true  false  {1}.enabled
{0}.num_consumers  10  7  {1}.num_consumers
{0}.queue_size  1000  7  {1}.queue_size
{0}.sizer  "requests"  "items"  {1}.sizer
{0}.block_on_overflow  false  true  {1}.block_on_overflow
{0}.wait_for_result  false  true  {1}.wait_for_result
{0}.batch.flush_timeout  "200ms"  "7s"  {1}.batch.flush_timeout
{0}.batch.min_size  2000  200  {1}.batch.min_size
{0}.batch.max_size  3000  4000  {1}.batch.max_size
{0}.batch.sizer  "items"  "bytes"  {1}.batch.sizer
"""
RETRY = """
{0}.enabled  true  false  {1}.enabled
{0}.initial_interval  "5s"  "7s"  {1}.initial_interval
{0}.randomization_factor  0.5  0.25  {1}.randomization_factor
{0}.multiplier  1.5  2.5  {1}.multiplier
{0}.max_interval  "30s"  "40s"  {1}.max_interval
{0}.max_elapsed_time  "5m"  "7m"  {1}.max_elapsed_time
"""
QUEUE_AND_RETRY = tls(QUEUE, "sending_queue", "sending_queue") + tls(RETRY, "retry_on_failure", "retry_on_failure")
DEBUG_METRICS = """
debug_metrics.disable_high_cardinality_metrics  true  false  -
debug_metrics.level  "detailed"  "basic"  -
"""
BUCKETS = '["2ms", "4ms", "6ms", "8ms", "10ms", "50ms", "100ms", "200ms", "400ms", "800ms", "1s", "1400ms", "2s", "5s", "10s", "15s"]'

# ---- tail_sampling: every type of policy, in every place where it may stand

POLICIES = {  # type: what must be there, rows
    "latency": ("threshold_ms = 5", "threshold_ms  none  7\nupper_threshold_ms  0  9"),
    "numeric_attribute": ('key = "k"\nmin_value = 1\nmax_value = 2',
                          'key  none  "other"\nmin_value  none  -7\nmax_value  none  77\ninvert_match  false  true'),
    "probabilistic": ("sampling_percentage = 5", 'hash_salt  ""  "salt"\nsampling_percentage  none  7.5'),
    "status_code": ('status_codes = ["OK"]', 'status_codes  none  ["ERROR", "UNSET"]'),
    "string_attribute": ('key = "k"\nvalues = ["v"]',
                         'key  none  "other"\nvalues  none  ["w"]\nenabled_regex_matching  false  true\ncache_max_size  0  7\ninvert_match  false  true'),
    "rate_limiting": ("spans_per_second = 5", "spans_per_second  none  7\nburst_capacity  0  9"),
    "bytes_limiting": ("bytes_per_second = 5", "bytes_per_second  none  7\nburst_capacity  0  9"),
    "span_count": ("min_spans = 5", "min_spans  none  7\nmax_spans  0  9"),
    "boolean_attribute": ('key = "k"\nvalue = true', 'key  none  "other"\nvalue  none  false\ninvert_match  false  true'),
    "ottl_condition": ('error_mode = "ignore"\nspan = ["true"]',
                       'error_mode  none  "propagate"\nspan  []  ["name == \\"a\\""]\nspanevent  []  ["name == \\"e\\""]'),
    "trace_state": ('key = "k"\nvalues = ["v"]', 'key  none  "other"\nvalues  none  ["w"]'),
}


def required_lines(text):
    return {line.split()[0]: line for line in text.splitlines()}


def policy_components():
    """One component a type and place: the policy itself, and the sub-policies of and, not, drop and composite."""
    places = {
        "": ("policy", "policies.0", {}),
        "and": ("policy.and.and_sub_policy", "policies.0.and.and_sub_policy.0", {"policy": 'name = "p"\ntype = "and"'}),
        "not": ("policy.not.not_sub_policy", "policies.0.not.not_sub_policy", {"policy": 'name = "p"\ntype = "not"'}),
        "drop": ("policy.drop.drop_sub_policy", "policies.0.drop.drop_sub_policy.0", {"policy": 'name = "p"\ntype = "drop"'}),
        "composite": ("policy.composite.composite_sub_policy", "policies.0.composite.composite_sub_policy.0",
                      {"policy": 'name = "p"\ntype = "composite"',
                       "policy.composite": 'max_total_spans_per_second = 5\npolicy_order = ["s"]\nrate_allocation { policy = "s"\npercent = 100 }'}),
        "and in composite": ("policy.composite.composite_sub_policy.and.and_sub_policy", "policies.0.composite.composite_sub_policy.0.and.and_sub_policy.0",
                             {"policy": 'name = "p"\ntype = "composite"', "policy.composite.composite_sub_policy": 'name = "s"\ntype = "and"',
                              "policy.composite": 'max_total_spans_per_second = 5\npolicy_order = ["s"]'}),
    }
    for place, (path, setting, around) in places.items():
        for kind, (needed, rows) in POLICIES.items():
            must = dict(OUTPUT)
            for block, lines in around.items():
                must.update({block + "." + key: line for key, line in required_lines(lines).items()})
            must.update({path + ".name": 'name = "s"', path + ".type": 'type = "%s"' % kind})
            must.update({path + "." + kind + "." + key: line for key, line in required_lines(needed).items()})
            yield ("otelcol.processor.tail_sampling", "processors", "tail_sampling", must, below(rows, path + "." + kind, setting + "." + kind), {"given": [path + ".ottl_condition.span"]})


# ---- attributes: include and exclude are the same

MATCH = """
match_type  none  "regexp"
services  []  ["a"]
span_names  []  ["a"]
span_kinds  []  ["SPAN_KIND_CLIENT"]
log_bodies  []  ["a"]
log_severity_texts  []  ["a"]
log_severity.min  none  "WARN"  log_severity_number.min  13
log_severity.match_undefined  none  true  log_severity_number.match_undefined
metric_names  []  ["a"]
attribute.key  none  "k"  attributes.0.key
attribute.value  none  5  attributes.0.value
resource.key  none  "k"  resources.0.key
resource.value  none  "v"  resources.0.value
library.name  none  "l"  libraries.0.name
library.version  none  "1"  libraries.0.version
regexp.cache_enabled  false  true  regexp.cacheenabled
regexp.cache_max_num_entries  0  7  regexp.cachemaxnumentries
"""


def match_needs(block):
    return {block + ".match_type": 'match_type = "strict"', block + ".span_names": 'span_names = ["n"]', block + ".attribute.key": 'key = "k"',
            block + ".resource.key": 'key = "k"', block + ".library.name": 'name = "l"', block + ".log_severity.min": 'min = "INFO"',
            block + ".log_severity.match_undefined": "match_undefined = false"}


ACTION = {"action.key": 'key = "k"', "action.action": 'action = "insert"', "action.value|from_attribute|from_context|pattern|converted_type": 'value = "v"',
          **OUTPUT}

COUNTS = ("spans", "spanevents", "metrics", "datapoints", "logs")

COMPONENTS = [
    ("otelcol.receiver.otlp", "receivers", "otlp", OUTPUT,
     'grpc.endpoint  "0.0.0.0:4317"  "127.0.0.1:1"  protocols.grpc.endpoint\n' + below(GRPC_SERVER, "grpc", "protocols.grpc")
     + 'http.endpoint  "0.0.0.0:4318"  "127.0.0.1:1"  protocols.http.endpoint\n' + below(HTTP_SERVER, "http", "protocols.http")
     + """
http.traces_url_path  "/v1/traces"  "/t"  protocols.http.traces_url_path
http.metrics_url_path  "/v1/metrics"  "/m"  protocols.http.metrics_url_path
http.logs_url_path  "/v1/logs"  "/l"  protocols.http.logs_url_path
""" + DEBUG_METRICS, {"needs": pairs("grpc.tls", "http.tls"), "computed": {"grpc.max_recv_msg_size": 0, **in_block("http", HTTP_COMPUTED)}}),
    ("otelcol.receiver.zipkin", "receivers", "zipkin", OUTPUT,
     'endpoint  "0.0.0.0:9411"  "127.0.0.1:1"\nparse_string_tags  false  true\n' + HTTP_SERVER + DEBUG_METRICS,
     {"needs": pairs("tls"), "computed": HTTP_COMPUTED}),
    ("otelcol.receiver.jaeger", "receivers", "jaeger", {"protocols.grpc": "grpc { }", **OUTPUT},
     'protocols.grpc.endpoint  "0.0.0.0:14250"  "127.0.0.1:1"\n' + below(GRPC_SERVER, "protocols.grpc", "protocols.grpc")
     + 'protocols.thrift_http.endpoint  "0.0.0.0:14268"  "127.0.0.1:1"\n' + below(HTTP_SERVER, "protocols.thrift_http", "protocols.thrift_http")
     + "".join("""
protocols.{0}.endpoint  "0.0.0.0:{1}"  "127.0.0.1:1"
protocols.{0}.queue_size  1000  7
protocols.{0}.max_packet_size  "65KiB"  "1MiB"
protocols.{0}.workers  10  7
protocols.{0}.socket_buffer_size  "0B"  "1MiB"
""".format(name, port) for name, port in (("thrift_compact", 6831), ("thrift_binary", 6832))) + DEBUG_METRICS,
     {"needs": pairs("protocols.grpc.tls", "protocols.thrift_http.tls"),
      "computed": {"protocols.grpc.max_recv_msg_size": 0, "protocols.grpc.read_buffer_size": 0, **in_block("protocols.thrift_http", HTTP_COMPUTED)}}),
    ("otelcol.receiver.datadog", "receivers", "datadog", OUTPUT,
     'endpoint  "localhost:8126"  "127.0.0.1:1"\n' + HTTP_SERVER.replace('read_timeout  "0s"', 'read_timeout  "1m"')
     + "decode_json_message  true  false  -\n" + DEBUG_METRICS, {"needs": pairs("tls"), "computed": {"compression_algorithms": []}}),

    ("otelcol.connector.spanmetrics", "connectors", "span_metrics",
     {"histogram.explicit|exponential": "explicit { }", **OUTPUT}, """
aggregation_temporality  "CUMULATIVE"  "DELTA"  =  "AGGREGATION_TEMPORALITY_DELTA"
metrics_flush_interval  "60s" ~ "15s"  "33s"
namespace  "traces.span.metrics" ~ ""  "test.namespace"
dimensions_cache_size  1000  333  -
resource_metrics_cache_size  1000  7
resource_metrics_key_attributes  []  ["service.name"]
exclude_dimensions  ["collector.instance.id"]  ["span.kind"]  =  ["span.kind", "collector.instance.id"]
metrics_expiration  "0s"  "7s"
series_expiration  "0s"  "7s"
metric_timestamp_cache_size  1000  7
aggregation_cardinality_limit  0  7
include_instrumentation_scope  []  ["a"]
include_collector_instance_id  none  true  exclude_dimensions  []
dimension.name  none  "http.method"  dimensions.0.name
dimension.default  none  "GET"  dimensions.0.default
dimension.glob  none  "http.*"  dimensions.0.glob
calls_dimension.name  none  "http.method"  calls_dimensions.0.name
calls_dimension.default  none  "GET"  calls_dimensions.0.default
events.enabled  false  true
events.dimension.name  none  "e"  events.dimensions.0.name
events.dimension.default  none  "GET"  events.dimensions.0.default
exemplars.enabled  false  true
exemplars.max_per_data_point  5 ~ 65535  3
histogram.disable  false  true
histogram.unit  "ms"  "s"
histogram.dimension.name  none  "h"  histogram.dimensions.0.name
histogram.dimension.default  none  "GET"  histogram.dimensions.0.default
histogram.explicit.buckets  %s  ["333ms", "777s", "999h"]
histogram.exponential.max_size  160  77
""" % BUCKETS + DEBUG_METRICS,
     {"needs": {block + "dimension.name|glob": 'name = "d"' for block in ("", "calls_", "histogram.", "events.")}, "river_lacks": ["dimension.glob"],
      "alone": {"events.enabled": 'dimension { name = "e" }'}, "computed": {"aggregation_temporality": "AGGREGATION_TEMPORALITY_CUMULATIVE"}, "signals": ("traces",),
      "optional": ["exemplars.max_per_data_point"]}),
    ("otelcol.connector.count", "connectors", "count", OUTPUT,
     "".join("""
{0}.name  none  "n"  -
{0}.description  ""  "text"  {0}.n.description
{0}.conditions  []  ["true"]  {0}.n.conditions
""".format(kind) for kind in COUNTS)
     + "".join("""
{0}.attributes.key  none  "k"  {0}.n.attributes.0.key
{0}.attributes.default_value  none  "v"  {0}.n.attributes.0.default_value
""".format(kind) for kind in COUNTS if kind != "metrics") + DEBUG_METRICS, 
     {"needs": {kind + ".attributes.key": 'key = "k"' for kind in COUNTS} | {kind + ".name": 'name = "n"' for kind in COUNTS}}),
    ("otelcol.connector.servicegraph", "connectors", "service_graph", OUTPUT, """
latency_histogram_buckets  %s  ["333ms", "777s"]
dimensions  []  ["a"]
store.max_items  1000  7
store.ttl  "2s"  "7s"
cache_loop  "1m"  "7s"
store_expiration_loop  "2s"  "7s"
virtual_node_peer_attributes  ["peer.service", "db.name", "db.system"]  ["a"]
virtual_node_extra_label  false  true
metrics_flush_interval  "60s" ~ "0s"  "7s"
database_name_attributes  ["db.name"]  ["a"]
exponential_histogram_max_size  0  7
""" % BUCKETS + DEBUG_METRICS, {"signals": ("traces",)}),

    ("otelcol.processor.batch", "processors", "batch", OUTPUT, """
timeout  "200ms"  "7s"
send_batch_size  2000 ~ 8192  77
send_batch_max_size  3000 ~ 0  9000
metadata_keys  []  ["a"]
metadata_cardinality_limit  1000  7
""" + DEBUG_METRICS, {}),
    ("otelcol.processor.memory_limiter", "processors", "memory_limiter",
     {"check_interval": 'check_interval = "1s"', "limit|limit_percentage": 'limit = "100MiB"', **OUTPUT}, """
check_interval  none  "7s"
limit  none  "77MiB"  limit_mib  77
spike_limit  "20MiB"  "7MiB"  spike_limit_mib  7
limit_percentage  0  77
spike_limit_percentage  0  7
""" + DEBUG_METRICS, {"alone": {"limit_percentage": "spike_limit_percentage = 7"},
                      "computed": {"spike_limit": 0}}),  # 0 means a fifth to the Collector too
    ("otelcol.processor.probabilistic_sampler", "processors", "probabilistic_sampler", OUTPUT, """
sampling_percentage  0  7.5
hash_seed  0  7
mode  ""  "equalizing"
fail_closed  true  false
sampling_precision  4  7
attribute_source  "traceID"  "record"
from_attribute  ""  "a"
sampling_priority  ""  "a"
""" + DEBUG_METRICS, {"alone": {"attribute_source": 'from_attribute = "a"'}}),
    ("otelcol.processor.tail_sampling", "processors", "tail_sampling",
     {"policy.name": 'name = "p"', "policy.type": 'type = "always_sample"', **OUTPUT}, """
policy.name  none  "other"  policies.0.name
decision_wait  "30s"  "7s"
num_traces  50000  77
expected_new_traces_per_sec  0  7
decision_wait_after_root_received  0  "7s"
sample_on_first_match  false  true
drop_pending_traces_on_shutdown  false  true
block_on_overflow  false  true
maximum_trace_size_bytes  0  77777
decision_cache  none  {"sampled_cache_size" = 60000, "non_sampled_cache_size" = 70000}
""" + DEBUG_METRICS, {}),
    ("otelcol.processor.tail_sampling", "processors", "tail_sampling",
     {"policy.name": 'name = "p"', "policy.type": 'type = "composite"', "policy.composite.max_total_spans_per_second": "max_total_spans_per_second = 5",
      "policy.composite.policy_order": 'policy_order = ["s"]',
      "policy.composite.composite_sub_policy": 'composite_sub_policy { name = "s"\ntype = "always_sample" }',
      **OUTPUT}, """
policy.composite.max_total_spans_per_second  none  7  policies.0.composite.max_total_spans_per_second
policy.composite.rate_allocation.policy  none  "s"  policies.0.composite.rate_allocation.0.policy
policy.composite.rate_allocation.percent  none  7  policies.0.composite.rate_allocation.0.percent
""", {"needs": {"policy.composite.rate_allocation.policy": 'policy = "s"', "policy.composite.rate_allocation.percent": "percent = 5"}}),
    ("otelcol.processor.transform", "processors", "transform",
     OUTPUT,
     'error_mode  "ignore" ~ "propagate"  "silent"\n'
     + "".join("""
{0}_statements.context  none  "scope"  {0}_statements.0.context
{0}_statements.statements  none  ["set(attributes[\\"b\\"], 2)"]  {0}_statements.0.statements
{0}_statements.conditions  []  ["attributes[\\"b\\"] == 2"]  {0}_statements.0.conditions
{0}_statements.error_mode  ""  "silent"  {0}_statements.0.error_mode
statements.{0}  []  ["set(resource.attributes[\\"b\\"], 2)"]  {0}_statements.0.statements
""".format(kind) for kind in ("trace", "metric", "log")) + DEBUG_METRICS,
     {"needs": {kind + "_statements." + key: line for kind in ("trace", "metric", "log")
                for key, line in (("context", 'context = "resource"'), ("statements", 'statements = ["set(attributes[\\"a\\"], 1)"]'))}}),
    ("otelcol.processor.filter", "processors", "filter", OUTPUT,
     'error_mode  "ignore" ~ "propagate"  "silent"\n'
     """
traces.span  []  ["true"]
traces.spanevent  []  ["true"]
metrics.metric  []  ["true"]
metrics.datapoint  []  ["true"]
logs.log_record  []  ["true"]
""" + "".join('{0}_conditions.context  none  "resource"  {0}_conditions.0.context\n{0}_conditions.conditions  none  ["true"]  {0}_conditions.0.conditions\n'.format(kind)
              for kind in ("trace", "metric", "log")) + DEBUG_METRICS,
     {"needs": {kind + "_conditions.context": 'context = "resource"' for kind in ("trace", "metric", "log")}
      | {kind + "_conditions.conditions": 'conditions = ["true"]' for kind in ("trace", "metric", "log")}}),
    ("otelcol.processor.attributes", "processors", "attributes", ACTION, """
action.key  none  "other"  actions.0.key
action.action  none  "upsert"  actions.0.action
action.value  none  5  actions.0.value
action.pattern  ""  "^a(?P<b>.)"  actions.0.pattern
action.from_attribute  ""  "a"  actions.0.from_attribute
action.from_context  ""  "a"  actions.0.from_context
action.converted_type  ""  "int"  actions.0.converted_type
""" + below(MATCH, "include", "include") + below(MATCH, "exclude", "exclude") + DEBUG_METRICS,
     {"needs": match_needs("include") | match_needs("exclude"), "given": ["include.span_names", "exclude.span_names"],
      "alone": {"action.pattern": 'action = "extract"', "action.from_attribute": 'action = "insert"', "action.from_context": 'action = "insert"',
                "action.converted_type": 'action = "convert"'}}),

    ("otelcol.exporter.otlp", "exporters", "otlp_grpc", {"client.endpoint": 'endpoint = "127.0.0.1:1"'},
     'timeout  "5s"  "7s"\nclient.endpoint  none  "127.0.0.1:2"  endpoint\n' + below(GRPC_CLIENT, "client", "") + QUEUE_AND_RETRY + DEBUG_METRICS,
     {"needs": pairs("client.tls")}),
    ("otelcol.exporter.otlphttp", "exporters", "otlp_http", {"client.endpoint": 'endpoint = "http://127.0.0.1:1"'},
     'client.endpoint  none  "http://127.0.0.1:2"  endpoint\n' + below(HTTP_CLIENT, "client", "") + QUEUE_AND_RETRY + """
traces_endpoint  ""  "http://127.0.0.1:2/t"
metrics_endpoint  ""  "http://127.0.0.1:2/m"
logs_endpoint  ""  "http://127.0.0.1:2/l"
encoding  "proto"  "json"
""" + DEBUG_METRICS, {"needs": pairs("client.tls")}),
    ("otelcol.exporter.debug", "exporters", "debug", {}, """
verbosity  "basic"  "detailed"
sampling_initial  2  7
sampling_thereafter  1  7
use_internal_logger  true  false
output_paths  ["stdout"]  ["stderr"]
""" + DEBUG_METRICS, {"alone": {"output_paths": "use_internal_logger = false"}, "computed": {"output_paths": []}}),
    ("otelcol.exporter.logging", "exporters", "debug", {}, """
verbosity  "normal"  "detailed"
sampling_initial  2  7
sampling_thereafter  500  7
""" + DEBUG_METRICS, {}),
    ("otelcol.exporter.file", "exporters", "file", {"path": 'path = "x.json"'}, """
path  none  "y.json"
format  "json"  "proto"
append  false  true
compression  ""  "zstd"
flush_interval  "1s"  "7s"
compression_params.level  none  5
rotation.max_megabytes  100  7
rotation.max_days  0  7
rotation.max_backups  100  7
rotation.localtime  false  true
group_by.enabled  false  true
group_by.resource_attribute  "fileexporter.path_segment"  "a"
group_by.max_open_files  100  7
""" + DEBUG_METRICS, {"computed": {"rotation.max_megabytes": 0}, "instead": {"group_by.enabled": 'path = "x/*.json"', "compression_params.level": 'path = "y.json"\ncompression = "zstd"'}}),
    ("otelcol.exporter.loadbalancing", "exporters", "load_balancing",
     {"resolver.static|dns": 'static { hostnames = ["h"] }', "protocol.otlp.client": "client { }"},
     'routing_key  "traceID"  "service"\n' + """
resolver.static.hostnames  none  ["a:1", "b"]
resolver.dns.hostname  none  "a"
resolver.dns.port  "4317"  "77"
resolver.dns.interval  "5s"  "7s"
resolver.dns.timeout  "1s"  "7s"
protocol.otlp.timeout  "5s"  "7s"
timeout  none  "7s"
""" + below(GRPC_CLIENT, "protocol.otlp.client", "protocol.otlp")
     + tls(QUEUE, "protocol.otlp.queue", "protocol.otlp.sending_queue") + tls(RETRY, "protocol.otlp.retry", "protocol.otlp.retry_on_failure")
     + DEBUG_METRICS, {"needs": {"resolver.static.hostnames": 'hostnames = ["h"]', "resolver.dns.hostname": 'hostname = "h"', **pairs("protocol.otlp.client.tls")}}),
    ("otelcol.exporter.kafka", "exporters", "kafka", {"protocol_version": 'protocol_version = "2.0.0"'}, """
protocol_version  none  "3.0.0"
brokers  ["localhost:9092"]  ["a:1"]
client_id  "otel-collector"  "a"
topic_from_attribute  ""  "a"
allow_auto_topic_creation  true  false  producer.allow_auto_topic_creation
conn_idle_timeout  "9m"  "7m"
include_metadata_keys  []  ["a"]
partition_traces_by_id  false  true
partition_metrics_by_resource_attributes  false  true
partition_logs_by_resource_attributes  false  true
partition_logs_by_trace_id  false  true
resolve_canonical_bootstrap_servers_only  false  true
timeout  "5s"  "7s"
traces.topic  "otlp_spans"  "a"
traces.encoding  "otlp_proto"  "otlp_json"
traces.topic_from_metadata_key  ""  "a"
traces.message_key_from_metadata_key  ""  "a"
metrics.topic_from_metadata_key  ""  "a"
metrics.message_key_from_metadata_key  ""  "a"
logs.topic_from_metadata_key  ""  "a"
logs.message_key_from_metadata_key  ""  "a"
metrics.topic  "otlp_metrics"  "a"
metrics.encoding  "otlp_proto"  "otlp_json"
logs.topic  "otlp_logs"  "a"
logs.encoding  "otlp_proto"  "otlp_json"
producer.max_message_bytes  1000000  7777
producer.required_acks  1  -1
producer.compression  "none"  "zstd"
producer.flush_max_messages  10000  77
producer.compression_params.level  0  5
producer.linger  "10ms"  "7s"
producer.max_broker_write_bytes  104857600  204857600
metadata.full  true  false
metadata.refresh_interval  "10m"  "7m"
metadata.retry.max_retries  3  7  metadata.retry.max
metadata.retry.backoff  "250ms"  "7s"
authentication.plaintext.username  none  "u"  auth.plain_text.username
authentication.plaintext.password  none  "p"  auth.plain_text.password
authentication.sasl.username  none  "u"  auth.sasl.username
authentication.sasl.password  none  "p"  auth.sasl.password
authentication.sasl.mechanism  none  "PLAIN"  auth.sasl.mechanism
""" + tls(TLS_CLIENT, "tls", "tls") + QUEUE_AND_RETRY + DEBUG_METRICS,
     {"needs": {"authentication.%s.%s" % (kind, key): '%s = "%s"' % (key, value) for kind in ("plaintext", "sasl")
                for key, value in (("username", "x"), ("password", "y"), ("mechanism", "SCRAM-SHA-256")) if kind == "sasl" or key != "mechanism"}
      | pairs("tls"), "computed": {"producer.required_acks": None},
      "unbuilt": ["allow_auto_topic_creation"] + ["tls." + key for key in ("server_name", "min_version", "max_version", "cipher_suites", "curve_preferences",
                                                                           "reload_interval", "include_system_ca_certs_pool", "include_insecure_cipher_suites")]}),
    ("otelcol.exporter.datadog", "exporters", "datadog", {"api.api_key": 'api_key = "0123456789abcdef0123456789abcdef"'}, """
api.api_key  none  "00000000000000000000000000000000"  api.key
api.site  "datadoghq.com"  "datadoghq.eu"
api.fail_on_invalid_key  false  true
client.timeout  "15s"  "7s"  timeout
client.idle_conn_timeout  "45s"  "7s"  idle_conn_timeout
client.max_idle_conns  100  7  max_idle_conns
client.max_idle_conns_per_host  5  7  max_idle_conns_per_host
client.insecure_skip_verify  false  true  tls.insecure_skip_verify
client.disable_keep_alives  false  true  disable_keep_alives
client.max_conns_per_host  0  7  max_conns_per_host
client.read_buffer_size  0  7777  read_buffer_size
client.write_buffer_size  none  7777  write_buffer_size
traces.ignore_resources  []  ["a"]
traces.span_name_remappings  {}  {"a" = "b"}
traces.span_name_as_resource_name  true  false
traces.compute_stats_by_span_kind  true  false
traces.compute_top_level_by_span_kind  false  true
traces.peer_tags_aggregation  false  true
traces.peer_tags  []  ["a"]
traces.trace_buffer  10  7
traces.endpoint  ""  "http://127.0.0.1:2"
metrics.endpoint  ""  "http://127.0.0.1:2"
metrics.delta_ttl  3600  77
metrics.exporter.resource_attributes_as_tags  false  true  metrics.resource_attributes_as_tags
metrics.exporter.instrumentation_scope_metadata_as_tags  true  false  metrics.instrumentation_scope_metadata_as_tags
metrics.histograms.mode  "distributions"  "counters"
metrics.histograms.send_aggregation_metrics  false  true
metrics.sums.cumulative_monotonic_mode  "to_delta"  "raw_value"
metrics.sums.initial_cumulative_monotonic_value  "auto"  "drop"
metrics.summaries.mode  "gauges"  "noquantiles"
logs.endpoint  ""  "http://127.0.0.1:2"
logs.use_compression  true  false
logs.compression_level  6  7
logs.batch_wait  5  7
host_metadata.enabled  true  false
host_metadata.hostname_source  "config_or_system"  "first_resource"
host_metadata.tags  []  ["a:b"]
hostname  ""  "h"
only_metadata  false  true
hostname_detection_timeout  "25s"  "7s"  -
""" + QUEUE_AND_RETRY + DEBUG_METRICS, {"instead": {"only_metadata": 'host_metadata { hostname_source = "first_resource" }'}}),

    ("otelcol.storage.file", "extensions", "file_storage", {}, """
directory  "data-alloy/otelcol.storage.file.@"  "/x"
create_directory  true  false
directory_permissions  "0750"  "0700"
timeout  "1s"  "7s"
fsync  false  true
compaction.on_start  false  true
compaction.on_rebound  false  true
compaction.directory  "data-alloy/otelcol.storage.file.@"  "/y"
compaction.cleanup_on_start  false  true
compaction.check_interval  "5s"  "7s"
compaction.rebound_needed_threshold_mib  100  77
compaction.rebound_trigger_threshold_mib  10  7
compaction.max_transaction_size  65536  77777
""" + DEBUG_METRICS, {"beside": 'otelcol.exporter.otlp "@" {\nclient { endpoint = "127.0.0.1:1" }\nsending_queue { storage = otelcol.storage.file.@.handler }\n}\n',
                      "user": "otelcol.exporter.otlp", "unbuilt": ["create_directory"]}),
    ("otelcol.auth.basic", "extensions", "basicauth", {"username|client_auth": 'username = "u"', "password|client_auth": 'password = "p"'}, """
username  none  "v"  client_auth.username
password  none  "q"  client_auth.password
client_auth.username  ""  "v"
client_auth.password  ""  "q"
client_auth.username_file  ""  "/x/v"
client_auth.password_file  ""  "/x/q"
""" + DEBUG_METRICS, {"beside": 'otelcol.exporter.otlp "@" {\nclient {\nendpoint = "127.0.0.1:1"\nauth = otelcol.auth.basic.@.handler\n}\n}\n',
                      "user": "otelcol.exporter.otlp"}),
    ("otelcol.auth.basic", "extensions", "basicauth", {"username": 'username = "u"', "password": 'password = "p"'}, """
username  none  "v"  htpasswd.inline  "\\nv:p"
password  none  "q"  htpasswd.inline  "\\nu:q"
htpasswd.file  ""  "/dev/null"
htpasswd.inline  ""  "a:b"  htpasswd.inline  "a:b\\nu:p"
""", {"beside": 'otelcol.receiver.otlp "@" {\nhttp { auth = otelcol.auth.basic.@.handler }\noutput { traces = [otelcol.exporter.debug.sink.input] }\n}\n',
      "user": "otelcol.receiver.otlp", "id": "basicauth/@.server", "back_id": "basicauth/@_server.server", "computed": {"htpasswd.inline": "\nu:p"}}),
    ("otelcol.auth.bearer", "extensions", "bearertokenauth", {"token": 'token = "t"'}, """
token  none  "u"
scheme  "Bearer"  "Other"
header  "Authorization"  "X-Token"
""" + DEBUG_METRICS, {"beside": 'otelcol.exporter.otlp "@" {\nclient {\nendpoint = "127.0.0.1:1"\nauth = otelcol.auth.bearer.@.handler\n}\n}\n',
                      "user": "otelcol.exporter.otlp"}),
    ("otelcol.auth.headers", "extensions", "headers_setter", {"header.key": 'key = "k"', "header.value|from_context|from_attribute": 'value = "v"'}, """
header.key  none  "other"  headers.0.key
header.value  none  "w"  headers.0.value
header.from_context  none  "c"  headers.0.from_context
header.from_attribute  none  "a"  headers.0.from_attribute
header.action  "upsert"  "insert"  headers.0.action
""" + DEBUG_METRICS, {"beside": 'otelcol.exporter.otlp "@" {\nclient {\nendpoint = "127.0.0.1:1"\nauth = otelcol.auth.headers.@.handler\n}\n}\n',
                      "user": "otelcol.exporter.otlp"}),
    *policy_components(),
]

# ---- the prometheus family: three components become one exporter

RULE = """
source_labels  []  ["a"]
separator  ";"  ","
regex  "(.*)"  "a(.)"
modulus  0  7
target_label  ""  "t"
replacement  "$1"  "b"
action  "replace"  "keep"
"""
RULE_ALONE = {"modulus": 'action = "hashmod"'}
REMOTE = {"endpoint.url": 'url = "http://127.0.0.1:1/w"'}
FORWARD = 'otelcol.exporter.prometheus "@" { forward_to = [%s] }\n'


def rule_alone(block):
    return {block + "." + key: line for key, line in RULE_ALONE.items()}


COMPONENTS += [
    ("otelcol.exporter.prometheus", "exporters", "prometheus_remote_write", {"forward_to": "forward_to = [prometheus.remote_write.@.receiver]"}, """
add_metric_suffixes  true  false
include_target_info  true  false  target_info.enabled
include_scope_info  false  true  scope_info
include_scope_labels  true  false  -
resource_to_telemetry_conversion  false  true  resource_to_telemetry_conversion.enabled
gc_frequency  "5m"  "7m"  -
honor_metadata  false  true  send_metadata
keep_identifying_resource_attributes  false  true  target_info.keep_identifying_attributes
convert_classic_histograms_to_nhcb  false  false  -
start_timestamp_zero_ingestion  false  true  -
debug_metrics.disable_high_cardinality_metrics  true  false  -
""", {"beside": 'prometheus.remote_write "@" {\nendpoint { url = "http://127.0.0.1:1/w" }\n}\n', "signals": ("metrics",)}),
    ("prometheus.relabel", "exporters", "prometheus_remote_write",
     {"forward_to": "forward_to = [prometheus.remote_write.@.receiver]"},
     below(RULE, "rule", "relabel_configs.0") + "max_cache_size  100000  7  -\ncache_ttl  \"0s\"  \"7s\"  -\n",
     {"beside": 'prometheus.remote_write "@" {\nendpoint { url = "http://127.0.0.1:1/w" }\n}\n' + FORWARD % "prometheus.relabel.@.receiver",
      "user": "otelcol.exporter.prometheus", "signals": ("metrics",), "needs": {"rule.target_label": 'target_label = "x"'}, "given": ["rule.target_label"], "alone": rule_alone("rule")}),
    ("prometheus.remote_write", "exporters", "prometheus_remote_write", REMOTE, """
external_labels  {}  {"a" = "b"}
wal.truncate_frequency  "2h"  "7h"  -
wal.min_keepalive_time  "5m"  "7m"  -
wal.max_keepalive_time  "8h"  "7h"  -
endpoint.url  none  "http://127.0.0.1:2/w"  endpoint
endpoint.name  ""  "n"  -
endpoint.remote_timeout  "30s"  "7s"  timeout
endpoint.headers  {}  {"x-a" = "b"}  headers
endpoint.send_exemplars  true  false  send_exemplars
endpoint.send_native_histograms  false  true  send_native_histograms
endpoint.protobuf_message  "prometheus.WriteRequest"  "io.prometheus.write.v2.Request"  protobuf_message
endpoint.enable_http2  false  true  -
endpoint.follow_redirects  true  false  -
endpoint.proxy_url  ""  "http://127.0.0.1:2"  proxy_url
endpoint.no_proxy  ""  "a.example"  -
endpoint.round_robin_dns  false  true  -
endpoint.tls_config.insecure_skip_verify  false  true  tls.insecure_skip_verify
endpoint.tls_config.ca_file  ""  "/x/ca"  tls.ca_file
endpoint.tls_config.ca_pem  ""  "pem"  tls.ca_pem
endpoint.tls_config.cert_file  ""  "/x/cert"  tls.cert_file
endpoint.tls_config.cert_pem  ""  "pem"  tls.cert_pem
endpoint.tls_config.key_file  ""  "/x/key"  tls.key_file
endpoint.tls_config.key_pem  ""  "pem"  tls.key_pem
endpoint.tls_config.server_name  ""  "n"  tls.server_name_override
endpoint.tls_config.min_version  ""  "TLS13"  tls.min_version  "1.3"
endpoint.queue_config.capacity  10000  7  -
endpoint.queue_config.min_shards  1  7  -
endpoint.queue_config.max_shards  50  7  max_batch_request_parallelism
endpoint.queue_config.max_samples_per_send  2000  7  max_samples_per_send
endpoint.queue_config.batch_send_deadline  "5s"  "7s"  remote_write_queue.batch.flush_timeout
endpoint.queue_config.min_backoff  "30ms"  "70ms"  retry_on_failure.initial_interval
endpoint.queue_config.max_backoff  "5s"  "7s"  retry_on_failure.max_interval
endpoint.queue_config.retry_on_http_429  true  false  retry_on_http_429
endpoint.queue_config.sample_age_limit  "0s"  "7s"  sample_age_limit
endpoint.metadata_config.send  true  false  -
endpoint.metadata_config.send_interval  "1m"  "7m"  -
endpoint.metadata_config.max_samples_per_send  2000  7  -
""" + below(RULE, "endpoint.write_relabel_config", "write_relabel_configs.0"),
     {"beside": FORWARD % "prometheus.remote_write.@.receiver", "user": "otelcol.exporter.prometheus", "signals": ("metrics",), "needs": {"endpoint.write_relabel_config.target_label": 'target_label = "x"', **pairs("endpoint.tls_config")}, "given": ["endpoint.write_relabel_config.target_label"],
      "alone": rule_alone("endpoint.write_relabel_config")}),
    # Credentials become extensions.
    ("prometheus.remote_write", "extensions", "basicauth", {"endpoint.basic_auth.username": 'username = "u"', **REMOTE}, """
endpoint.basic_auth.username  none  "v"  client_auth.username
endpoint.basic_auth.password  none  "q"  client_auth.password
endpoint.basic_auth.password_file  none  "/x/q"  client_auth.password_file
""", {"beside": FORWARD % "prometheus.remote_write.@.receiver", "user": "otelcol.exporter.prometheus", "signals": ("metrics",), "id": "basicauth/remote_write.@.1"}),
    ("prometheus.remote_write", "extensions", "bearertokenauth", {"endpoint.authorization.credentials": 'credentials = "t"', **REMOTE}, """
endpoint.authorization.type  "Bearer"  "Other"  scheme
endpoint.authorization.credentials  none  "u"  token
""", {"beside": FORWARD % "prometheus.remote_write.@.receiver", "user": "otelcol.exporter.prometheus", "signals": ("metrics",), "id": "bearertokenauth/remote_write.@.1"}),
    ("prometheus.remote_write", "extensions", "bearertokenauth", REMOTE, """
endpoint.bearer_token  none  "u"  token
endpoint.bearer_token_file  none  "/x/u"  filename
endpoint.authorization.credentials_file  none  "/x/u"  filename
""", {"beside": FORWARD % "prometheus.remote_write.@.receiver", "user": "otelcol.exporter.prometheus", "signals": ("metrics",), "id": "bearertokenauth/remote_write.@.1", "values_only": True}),
]
