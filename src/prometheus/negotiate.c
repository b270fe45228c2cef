/* negotiate.c - which format and which content encoding a client wants.
 *
 * Stateless. Reproduces the parsing of the reference's libraries, their order of clauses included (munnerz/goautoneg, prometheus/common
 * expfmt/encode.go, client_golang's copy of gddo). */
#include <stdlib.h>

#include "base/ascii.h"
#include "prometheus/scrape.h"

enum { CLAUSES_MAX = 32 }; /* of an Accept header; later ones are not read */

struct clause {
    struct sm_slice type, subtype, parameters;
    double quality;
};

static struct sm_slice trim_spaces(struct sm_slice text)
{
    while (text.size && *text.ptr == ' ')
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    while (text.size && text.ptr[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* The next name=value of `*rest`; anything else is passed over. */
static bool next_parameter(struct sm_slice *rest, struct sm_slice *name, struct sm_slice *value)
{
    while (rest->size) {
        struct sm_slice part = sm_slice_cut(rest, ';');
        *name = trim_spaces(sm_slice_cut(&part, '='));
        *value = sm_slice_cut(&part, '=');
        if (value->size && !part.size)
            return true;
    }
    return false;
}

static struct sm_slice parameter(const struct clause *clause, const char *wanted)
{
    struct sm_slice rest = clause->parameters, name, value, found = {0};
    while (next_parameter(&rest, &name, &value))
        if (sm_slice_is(name, wanted))
            found = trim_spaces(value);
    return found;
}

static double read_quality(struct sm_slice text)
{
    char copy[32];
    if (text.size >= sizeof(copy) || sm_slice_trim(text).size != text.size) /* strtod would pass over blanks */
        return 0;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    char *end;
    double quality = strtod(copy, &end);
    return *end ? 0 : quality;
}

static bool read_clause(struct sm_slice text, struct clause *clause)
{
    struct sm_slice rest = trim_spaces(text);
    struct sm_slice range = sm_slice_cut(&rest, ';');
    *clause = (struct clause){.parameters = rest, .quality = 1};
    clause->type = trim_spaces(sm_slice_cut(&range, '/'));
    if (!range.size) {
        clause->subtype = SM_SLICE("*");
        if (!sm_slice_is(clause->type, "*"))
            return false;
    } else {
        clause->subtype = trim_spaces(sm_slice_cut(&range, '/'));
        if (range.size)
            return false;
    }
    struct sm_slice name, value;
    while (next_parameter(&rest, &name, &value))
        if (sm_slice_is(name, "q"))
            clause->quality = read_quality(value);
    return true;
}

static bool comes_first(const struct clause *a, const struct clause *b)
{
    if (a->quality > b->quality)
        return true;
    if (!sm_slice_is(a->type, "*") && sm_slice_is(b->type, "*"))
        return true;
    return !sm_slice_is(a->subtype, "*") && sm_slice_is(b->subtype, "*");
}

static size_t read_clauses(struct sm_slice accept, struct clause clauses[CLAUSES_MAX])
{
    size_t count = 0;
    while (accept.size && count < CLAUSES_MAX)
        count += read_clause(sm_slice_cut(&accept, ','), &clauses[count]);
    for (size_t i = 1; i < count; i++) {
        for (size_t at = i; at > 0 && comes_first(&clauses[at], &clauses[at - 1]); at--) {
            struct clause clause = clauses[at];
            clauses[at] = clauses[at - 1];
            clauses[at - 1] = clause;
        }
    }
    return count;
}

static const char *const escaping_words[] = {[SM_PROMETHEUS_UNDERSCORES] = "underscores",
                                             [SM_PROMETHEUS_DOTS] = "dots",
                                             [SM_PROMETHEUS_VALUES] = "values",
                                             [SM_PROMETHEUS_ALLOW_UTF8] = "allow-utf-8"};

static void read_escaping(const struct clause *clause, enum sm_prometheus_escaping *escaping)
{
    struct sm_slice word = parameter(clause, "escaping");
    for (int i = SM_PROMETHEUS_UNDERSCORES; i <= SM_PROMETHEUS_ALLOW_UTF8; i++)
        if (sm_slice_is(word, escaping_words[i]))
            *escaping = (enum sm_prometheus_escaping)i;
}

static bool is_media(const struct clause *clause, const char *type, const char *subtype)
{
    return sm_slice_is(clause->type, type) && sm_slice_is(clause->subtype, subtype);
}

/* Of protobuf messages. */
static bool read_encoding(struct sm_slice word, enum sm_prometheus_format_type *type)
{
    static const char *const words[] = {
        [SM_PROMETHEUS_PROTO_DELIMITED] = "delimited", [SM_PROMETHEUS_PROTO_TEXT] = "text", [SM_PROMETHEUS_PROTO_COMPACT] = "compact-text"};
    for (int i = SM_PROMETHEUS_PROTO_DELIMITED; i <= SM_PROMETHEUS_PROTO_COMPACT; i++) {
        if (sm_slice_is(word, words[i])) {
            *type = (enum sm_prometheus_format_type)i;
            return true;
        }
    }
    return false;
}

/* Whether the clause decides the format. */
static bool decide(const struct clause *clause, bool open_metrics, enum sm_prometheus_format_type *type)
{
    struct sm_slice version = parameter(clause, "version");
    if (is_media(clause, "application", "vnd.google.protobuf") && sm_slice_is(parameter(clause, "proto"), "io.prometheus.client.MetricFamily") &&
        read_encoding(parameter(clause, "encoding"), type))
        return true;
    if (is_media(clause, "text", "plain") && (!version.size || sm_slice_is(version, "0.0.4"))) {
        *type = SM_PROMETHEUS_TEXT;
        return true;
    }
    if (!open_metrics || !is_media(clause, "application", "openmetrics-text"))
        return false;
    bool is_1_0_0 = sm_slice_is(version, "1.0.0");
    *type = is_1_0_0 ? SM_PROMETHEUS_OPENMETRICS_1_0_0 : SM_PROMETHEUS_OPENMETRICS_0_0_1;
    return is_1_0_0 || !version.size || sm_slice_is(version, "0.0.1");
}

struct sm_prometheus_format sm_prometheus_negotiate(struct sm_slice accept, bool open_metrics)
{
    struct clause clauses[CLAUSES_MAX];
    struct sm_prometheus_format format = {.type = SM_PROMETHEUS_TEXT, .escaping = SM_PROMETHEUS_UNDERSCORES};
    size_t count = read_clauses(accept, clauses);
    for (size_t i = 0; i < count; i++) {
        read_escaping(&clauses[i], &format.escaping);
        enum sm_prometheus_format_type type;
        if (decide(&clauses[i], open_metrics, &type)) {
            format.type = type;
            break;
        }
    }
    return format;
}

#define WITH_ESCAPINGS(media)                                                                                                                        \
    {                                                                                                                                                \
        [SM_PROMETHEUS_UNDERSCORES] = media "; escaping=underscores", [SM_PROMETHEUS_DOTS] = media "; escaping=dots",                                \
        [SM_PROMETHEUS_VALUES] = media "; escaping=values", [SM_PROMETHEUS_ALLOW_UTF8] = media "; escaping=allow-utf-8"                              \
    }

const char *sm_prometheus_content_type(struct sm_prometheus_format format)
{
    static const char *const types[][SM_PROMETHEUS_ALLOW_UTF8 + 1] = {
        [SM_PROMETHEUS_TEXT] = WITH_ESCAPINGS("text/plain; version=0.0.4; charset=utf-8"),
        [SM_PROMETHEUS_OPENMETRICS_0_0_1] = WITH_ESCAPINGS("application/openmetrics-text; version=0.0.1; charset=utf-8"),
        [SM_PROMETHEUS_OPENMETRICS_1_0_0] = WITH_ESCAPINGS("application/openmetrics-text; version=1.0.0; charset=utf-8"),
        [SM_PROMETHEUS_PROTO_DELIMITED] =
            WITH_ESCAPINGS("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"),
        [SM_PROMETHEUS_PROTO_TEXT] = WITH_ESCAPINGS("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text"),
        [SM_PROMETHEUS_PROTO_COMPACT] =
            WITH_ESCAPINGS("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=compact-text"),
    };
    return types[format.type][format.escaping];
}

/* ---- Accept-Encoding */

static struct sm_slice skip_spaces(struct sm_slice text)
{
    while (text.size && (*text.ptr == ' ' || *text.ptr == '\t'))
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    return text;
}

/* 0 or 1 with decimals, at the start of `*rest`. Below 0: neither. */
static double read_weight(struct sm_slice *rest)
{
    struct sm_slice text = *rest;
    if (!text.size || (*text.ptr != '0' && *text.ptr != '1'))
        return -1;
    double weight = *text.ptr - '0', unit = 0.1;
    text = sm_slice_make(text.ptr + 1, text.size - 1);
    if (text.size && *text.ptr == '.') {
        text = sm_slice_make(text.ptr + 1, text.size - 1);
        for (; text.size && sm_ascii_is_digit(*text.ptr); unit /= 10, text = sm_slice_make(text.ptr + 1, text.size - 1))
            weight += (*text.ptr - '0') * unit;
    }
    *rest = sm_slice_trim(text);
    return weight;
}

/* One "name;q=0.5". False: nothing sound left. What stands behind something else is not looked at. */
static bool next_coding(struct sm_slice *rest, struct sm_slice *name, double *quality)
{
    struct sm_slice part = skip_spaces(sm_slice_cut(rest, ','));
    *name = sm_slice_trim(sm_slice_cut(&part, ';'));
    *quality = 1;
    part = sm_slice_trim(part);
    if (!name->size)
        return false;
    if (!part.size)
        return true;
    if (!sm_slice_starts_with(part, SM_SLICE("q=")))
        return false;
    part = sm_slice_make(part.ptr + 2, part.size - 2);
    *quality = read_weight(&part);
    if (part.size)
        *rest = (struct sm_slice){0};
    return *quality >= 0;
}

bool sm_prometheus_wants_gzip(struct sm_slice accept_encoding)
{
    static const char *const offers[] = {"identity", "gzip"};
    double best = -1;
    bool gzip = false;
    for (int i = 0; i < 2; i++) {
        struct sm_slice rest = accept_encoding, name;
        double quality;
        while (rest.size && next_coding(&rest, &name, &quality)) {
            if (quality <= best || !(sm_slice_is(name, "*") || sm_slice_is(name, offers[i])))
                continue;
            best = quality;
            gzip = i == 1;
        }
    }
    return gzip && best > 0;
}
