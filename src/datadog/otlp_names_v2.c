/* otlp_names_v2.c - see otlp_names_v2.h. Stateless. */
#include "datadog/otlp_names_v2.h"

#include "base/bytes.h"
#include "datadog/names.h"
#include "telemetry/span.h"

struct lookup {
    const struct sm_span *span;
    const struct sm_attributes *resource;
    struct sm_arena *scratch;
};

/* ---- looking up */

static struct sm_slice text_in(const struct sm_attributes *attributes, const char *key)
{
    struct sm_value value;
    bool is_text = sm_attributes_find(attributes, sm_slice_of(key), &value) && value.type == SM_VALUE_STRING;
    return is_text ? value.string : (struct sm_slice){0};
}

static struct sm_slice text(const struct lookup *lookup, const char *key)
{
    struct sm_slice found = text_in(&lookup->span->attributes, key);
    return found.size > 0 ? found : text_in(lookup->resource, key);
}

static struct sm_slice first_text(const struct lookup *lookup, const char *key, const char *other)
{
    struct sm_slice found = text(lookup, key);
    return found.size > 0 ? found : text(lookup, other);
}

static struct sm_slice tag(const struct lookup *lookup, const char *key)
{
    return sm_datadog_tag_value(text(lookup, key), lookup->scratch);
}

static struct sm_slice http_method(const struct lookup *lookup)
{
    return first_text(lookup, "http.request.method", "http.method");
}

/* Three texts in a row. */
static struct sm_slice join(const struct lookup *lookup, struct sm_slice first, struct sm_slice second, struct sm_slice third)
{
    struct sm_bytes out;
    sm_bytes_init(&out, lookup->scratch);
    sm_bytes_append_slice(&out, first);
    sm_bytes_append_slice(&out, second);
    sm_bytes_append_slice(&out, third);
    return sm_bytes_slice(&out);
}

/* With a space between them if there is a second. */
static struct sm_slice with_more(const struct lookup *lookup, struct sm_slice first, struct sm_slice second)
{
    return second.size > 0 ? join(lookup, first, SM_SLICE(" "), second) : first;
}

/* ---- operations: each convention gives a name, or an empty text */

static struct sm_slice server_or_client(const struct lookup *lookup, struct sm_slice what)
{
    if (lookup->span->kind == SM_SPAN_KIND_SERVER)
        return what.size > 0 ? join(lookup, what, SM_SLICE(".server.request"), SM_SLICE("")) : SM_SLICE("server.request");
    if (lookup->span->kind == SM_SPAN_KIND_CLIENT)
        return what.size > 0 ? join(lookup, what, SM_SLICE(".client.request"), SM_SLICE("")) : SM_SLICE("client.request");
    return (struct sm_slice){0};
}

static struct sm_slice given_operation(const struct lookup *lookup)
{
    return tag(lookup, "operation.name");
}

static struct sm_slice http_operation(const struct lookup *lookup)
{
    return http_method(lookup).size > 0 ? server_or_client(lookup, SM_SLICE("http")) : (struct sm_slice){0};
}

static struct sm_slice database_operation(const struct lookup *lookup)
{
    struct sm_slice system = tag(lookup, "db.system");
    if (system.size == 0 || lookup->span->kind != SM_SPAN_KIND_CLIENT)
        return (struct sm_slice){0};
    return join(lookup, system, SM_SLICE(".query"), SM_SLICE(""));
}

static struct sm_slice messaging_operation(const struct lookup *lookup)
{
    struct sm_slice system = tag(lookup, "messaging.system"), operation = tag(lookup, "messaging.operation");
    bool is_between = lookup->span->kind >= SM_SPAN_KIND_SERVER && lookup->span->kind <= SM_SPAN_KIND_CONSUMER;
    if (system.size == 0 || operation.size == 0 || !is_between)
        return (struct sm_slice){0};
    return join(lookup, system, SM_SLICE("."), operation);
}

static struct sm_slice rpc_operation(const struct lookup *lookup)
{
    struct sm_slice system = tag(lookup, "rpc.system");
    if (system.size == 0)
        return system;
    if (!sm_slice_is(system, "aws-api") || lookup->span->kind != SM_SPAN_KIND_CLIENT)
        return server_or_client(lookup, system);
    struct sm_slice service = tag(lookup, "rpc.service");
    return service.size > 0 ? join(lookup, SM_SLICE("aws."), service, SM_SLICE(".request")) : SM_SLICE("aws.client.request");
}

static struct sm_slice function_operation(const struct lookup *lookup)
{
    struct sm_slice provider = tag(lookup, "faas.invoked_provider"), name = tag(lookup, "faas.invoked_name");
    if (provider.size > 0 && name.size > 0 && lookup->span->kind == SM_SPAN_KIND_CLIENT)
        return join(lookup, join(lookup, provider, SM_SLICE("."), name), SM_SLICE(".invoke"), SM_SLICE(""));
    struct sm_slice trigger = tag(lookup, "faas.trigger");
    if (trigger.size > 0 && lookup->span->kind == SM_SPAN_KIND_SERVER)
        return join(lookup, trigger, SM_SLICE(".invoke"), SM_SLICE(""));
    return (struct sm_slice){0};
}

static struct sm_slice graphql_operation(const struct lookup *lookup)
{
    return tag(lookup, "graphql.operation.type").size > 0 ? SM_SLICE("graphql.server.request") : (struct sm_slice){0};
}

static struct sm_slice network_operation(const struct lookup *lookup)
{
    return server_or_client(lookup, tag(lookup, "network.protocol.name"));
}

static struct sm_slice kind_operation(const struct lookup *lookup)
{
    static const char *const kinds[] = {"Internal", "Internal", "Server", "Client", "Producer", "Consumer"};
    int32_t kind = lookup->span->kind;
    return kind >= 0 && (size_t)kind < sizeof(kinds) / sizeof(kinds[0]) ? sm_slice_of(kinds[kind]) : (struct sm_slice){0};
}

struct sm_slice sm_otlp_operation_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch)
{
    static struct sm_slice (*const conventions[])(const struct lookup *lookup) = {
        given_operation,    http_operation,    database_operation, messaging_operation, rpc_operation,
        function_operation, graphql_operation, network_operation,  kind_operation,
    };
    const struct lookup lookup = {.span = span, .resource = resource, .scratch = scratch};
    struct sm_slice name = {0};
    for (size_t i = 0; i < sizeof(conventions) / sizeof(conventions[0]) && name.size == 0; i++)
        name = conventions[i](&lookup);
    return name;
}

/* ---- resources */

static struct sm_slice http_resource(const struct lookup *lookup)
{
    struct sm_slice method = http_method(lookup), route = {0};
    if (sm_slice_is(method, "_OTHER"))
        method = SM_SLICE("HTTP");
    if (method.size > 0 && lookup->span->kind == SM_SPAN_KIND_SERVER)
        route = text(lookup, "http.route");
    return with_more(lookup, method, route);
}

static struct sm_slice whole_resource(const struct lookup *lookup)
{
    struct sm_slice name = text(lookup, "resource.name");
    if (name.size > 0)
        return name;
    name = http_resource(lookup);
    if (name.size > 0)
        return name;
    name = text(lookup, "messaging.operation");
    if (name.size > 0)
        return with_more(lookup, name, first_text(lookup, "messaging.destination", "messaging.destination.name"));
    name = text(lookup, "rpc.method");
    if (name.size > 0)
        return with_more(lookup, name, text(lookup, "rpc.service"));
    name = text(lookup, "graphql.operation.type");
    if (name.size > 0)
        return with_more(lookup, name, text(lookup, "graphql.operation.name"));
    if (text(lookup, "db.system").size > 0)
        name = first_text(lookup, "db.statement", "db.query.text");
    return name.size > 0 ? name : lookup->span->name;
}

struct sm_slice sm_otlp_resource_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch)
{
    const struct lookup lookup = {.span = span, .resource = resource, .scratch = scratch};
    struct sm_slice name = whole_resource(&lookup);
    if (name.size > SM_DATADOG_RESOURCE_MAX)
        name.size = SM_DATADOG_RESOURCE_MAX;
    return name;
}

/* ---- types */

static const struct {
    const char *type;
    const char *systems; /* each between spaces */
} database_types[] = {
    {"sql",
     " other_sql mssql mysql oracle db2 postgresql redshift cloudscape hsqldb maxdb ingres firstsql edb cache firebird derby informix mariadb "
     "sqlite sybase teradata vertica h2 coldfusion cockroachdb progress hanadb adabas filemaker instantdb interbase netezza pervasive pointbase "
     "clickhouse "},
    {"cassandra", " cassandra "},
    {"redis", " redis "},
    {"memcached", " memcached "},
    {"mongodb", " mongodb "},
    {"elasticsearch", " elasticsearch "},
    {"opensearch", " opensearch "},
};

static bool is_listed(const char *systems, struct sm_slice system)
{
    struct sm_slice rest = sm_slice_of(systems);
    while (rest.size > 0)
        if (sm_slice_equal(sm_slice_cut(&rest, ' '), system))
            return true;
    return false;
}

struct sm_slice sm_otlp_type_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch)
{
    const struct lookup lookup = {.span = span, .resource = resource, .scratch = scratch};
    struct sm_slice type = text(&lookup, "span.type"), system;
    if (type.size > 0)
        return type;
    if (span->kind != SM_SPAN_KIND_CLIENT)
        return span->kind == SM_SPAN_KIND_SERVER ? SM_SLICE("web") : SM_SLICE("custom");
    system = tag(&lookup, "db.system");
    if (system.size == 0)
        return SM_SLICE("http");
    for (size_t i = 0; i < sizeof(database_types) / sizeof(database_types[0]); i++)
        if (is_listed(database_types[i].systems, system))
            return sm_slice_of(database_types[i].type);
    return SM_SLICE("db");
}
