/* obfuscate.c - which of a span's texts are obfuscated, by its type; see obfuscate.h. */
#include "datadog/obfuscate.h"

static const struct sm_slice non_parsable = {.ptr = "Non-parsable SQL query", .size = 22};

/* ---- credit cards */

enum { CARD_DIGITS_MIN = 12, CARD_DIGITS_MAX = 16, PREFIX_MAX = 699999 };

/* Ranges of prefixes that issuers have; a number of fewer digits that begins one of them may still become one. */
static const struct {
    int first, last;
} issuers[] = {
    {1, 1},     {4, 4},       {34, 39},     {51, 55},     {62, 62},         {65, 65},         {300, 305},       {309, 309},       {636, 636},
    {644, 649}, {3528, 3589}, {5019, 5019}, {6011, 6011}, {222100, 272099}, {500000, 509999}, {560000, 589999}, {600000, 699999},
};

/* Numbers that may begin one. */
static const struct {
    int first, last;
} beginnings[] = {
    {2, 3},     {5, 6},     {22, 27},     {30, 30},     {50, 50},     {56, 58},     {60, 69},       {222, 272},     {352, 358},     {500, 509},
    {560, 589}, {600, 699}, {2221, 2720}, {5000, 5099}, {5600, 5899}, {6000, 6999}, {22210, 27209}, {50000, 50999}, {56000, 58999}, {60000, 69999},
};

static bool is_issuer(int prefix)
{
    for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++)
        if (prefix >= issuers[i].first && prefix <= issuers[i].last)
            return true;
    return false;
}

static bool begins_issuer(int prefix)
{
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (prefix >= beginnings[i].first && prefix <= beginnings[i].last)
            return true;
    return false;
}

static bool passes_luhn(const char *digits, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        if (i % 2)
            digit = 2 * digit > 9 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return sum % 10 == 0;
}

static bool is_card(struct sm_slice text, bool with_luhn)
{
    char digits[CARD_DIGITS_MAX];
    size_t count = 0;
    bool has_issuer = false;
    int prefix = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == ' ' || c == '-')
            continue;
        if (c < '0' || c > '9' || count == CARD_DIGITS_MAX)
            return false;
        digits[count++] = c;
        if (has_issuer)
            continue;
        prefix = prefix * 10 + (c - '0');
        has_issuer = prefix <= PREFIX_MAX && is_issuer(prefix);
        if (!has_issuer && (prefix > PREFIX_MAX || !begins_issuer(prefix)))
            return false;
    }
    return count >= CARD_DIGITS_MIN && has_issuer && (!with_luhn || passes_luhn(digits, count));
}

bool sm_datadog_is_card_number(const struct sm_datadog_obfuscation *settings, struct sm_slice key, struct sm_slice value)
{
    /* Known to hold other numbers; those that begin with '_' too. */
    static const char *const exempt[] = {"account_id",
                                         "aws_account",
                                         "error",
                                         "error.msg",
                                         "error.type",
                                         "error.stack",
                                         "env",
                                         "graphql.field",
                                         "graphql.query",
                                         "graphql.type",
                                         "graphql.operation.name",
                                         "grpc.code",
                                         "grpc.method",
                                         "grpc.request",
                                         "http.status_code",
                                         "http.method",
                                         "runtime-id",
                                         "out.host",
                                         "out.port",
                                         "sampling.priority",
                                         "span.type",
                                         "span.name",
                                         "service.name",
                                         "service",
                                         "sql.query",
                                         "version"};
    if (sm_slice_starts_with(key, SM_SLICE("_")) || value.size < CARD_DIGITS_MIN)
        return false;
    for (size_t i = 0; i < sizeof(exempt) / sizeof(exempt[0]); i++)
        if (sm_slice_is(key, exempt[i]))
            return false;
    return is_card(value, settings->credit_cards.luhn);
}

/* ---- memcached */

struct sm_slice sm_datadog_obfuscate_memcached(const struct sm_datadog_obfuscation *settings, struct sm_slice command)
{
    if (!settings->memcached.keep_command)
        return (struct sm_slice){0};
    const char *end = sm_slice_find(command, SM_SLICE("\r\n"));
    return sm_slice_trim(end ? sm_slice_make(command.ptr, (size_t)(end - command.ptr)) : command);
}

/* ---- spans */

static void obfuscate_statement(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    struct sm_slice statement, tables;
    if (!span->resource.size)
        return;
    if (!sm_datadog_obfuscate_sql(obfuscator, span->resource, arena, &statement, &tables)) {
        statement = non_parsable;
        tables = (struct sm_slice){0};
    }
    span->resource = statement;
    if (tables.size)
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("sql.tables"), tables);
    sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("sql.query"), statement);
}

static void obfuscate_redis(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    span->resource = sm_datadog_quantise_redis(span->resource, arena);
    struct sm_datadog_entry *entry = obfuscator->settings.redis.enabled ? sm_datadog_map_find(&span->meta, SM_SLICE("redis.raw_command")) : NULL;
    if (!entry || !entry->text.size)
        return;
    entry->text =
        obfuscator->settings.redis.remove_all_args ? sm_datadog_strip_redis(entry->text, arena) : sm_datadog_obfuscate_redis(entry->text, arena);
}

static void obfuscate_url(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    struct sm_datadog_entry *entry = sm_datadog_map_find(&span->meta, SM_SLICE("http.url"));
    if (entry && entry->text.size)
        entry->text = sm_datadog_obfuscate_url(&obfuscator->settings, entry->text, arena);
}

static void obfuscate_memcached(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    (void)arena;
    struct sm_datadog_entry *entry = obfuscator->settings.memcached.enabled ? sm_datadog_map_find(&span->meta, SM_SLICE("memcached.command")) : NULL;
    if (entry)
        entry->text = sm_datadog_obfuscate_memcached(&obfuscator->settings, entry->text);
}

static void obfuscate_document(struct sm_datadog_obfuscator *obfuscator, const struct sm_datadog_json_obfuscation *settings,
                               struct sm_datadog_span *span, struct sm_slice key, struct sm_arena *arena)
{
    struct sm_datadog_entry *entry = settings->enabled ? sm_datadog_map_find(&span->meta, key) : NULL;
    if (entry)
        entry->text = sm_datadog_obfuscate_json(obfuscator, settings, entry->text, arena);
}

static void obfuscate_mongodb(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    obfuscate_document(obfuscator, &obfuscator->settings.mongodb, span, SM_SLICE("mongodb.query"), arena);
}

static void obfuscate_search(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    obfuscate_document(obfuscator, &obfuscator->settings.elasticsearch, span, SM_SLICE("elasticsearch.body"), arena);
    obfuscate_document(obfuscator, &obfuscator->settings.opensearch, span, SM_SLICE("opensearch.body"), arena);
}

static const struct {
    struct sm_slice type;
    void (*obfuscate)(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena);
} types[] = {
    {{.ptr = "sql", .size = 3}, obfuscate_statement},
    {{.ptr = "cassandra", .size = 9}, obfuscate_statement},
    {{.ptr = "redis", .size = 5}, obfuscate_redis},
    {{.ptr = "memcached", .size = 9}, obfuscate_memcached},
    {{.ptr = "web", .size = 3}, obfuscate_url},
    {{.ptr = "http", .size = 4}, obfuscate_url},
    {{.ptr = "mongodb", .size = 7}, obfuscate_mongodb},
    {{.ptr = "elasticsearch", .size = 13}, obfuscate_search},
    {{.ptr = "opensearch", .size = 10}, obfuscate_search},
};

void sm_datadog_obfuscate_span(struct sm_datadog_obfuscator *obfuscator, struct sm_datadog_span *span, struct sm_arena *arena)
{
    if (obfuscator->settings.credit_cards.enabled)
        for (uint32_t i = 0; i < span->meta.count; i++)
            if (sm_datadog_is_card_number(&obfuscator->settings, span->meta.entries[i].key, span->meta.entries[i].text))
                span->meta.entries[i].text = SM_SLICE("?");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (sm_slice_equal(span->type, types[i].type))
            types[i].obfuscate(obfuscator, span, arena);
}
