/* name.h - names of metrics and labels as Prometheus has them, from those of OpenTelemetry.
 *
 * Any thread; nothing is kept. Input may be any bytes, output is appended to `out`.
 * Source: prometheus/otlptranslator (metric_namer, label_namer, unit_namer), prometheus/common model/metric.go (escaping). */
#pragma once

#include "base/bytes.h"
#include "prometheus/scrape.h"

#include <stdbool.h>

enum sm_prometheus_kind { SM_PROMETHEUS_KIND_OTHER, SM_PROMETHEUS_KIND_COUNTER, SM_PROMETHEUS_KIND_GAUGE };

struct sm_prometheus_namer {
    struct sm_slice name_space; /* taken as it is when there are suffixes, escaped when there are none */
    bool with_suffixes;         /* of unit and type */
    bool keeps_utf8;            /* nothing is escaped */
};

/* False (nothing usable appended): the name is empty, or escaping left only underscores. */
bool sm_prometheus_metric_name(const struct sm_prometheus_namer *namer, struct sm_slice name, struct sm_slice unit, enum sm_prometheus_kind kind,
                               struct sm_bytes *out) __attribute__((warn_unused_result));

/* The unit by itself, as metadata has it: "By/s" gives bytes_per_second, "1" nothing. */
void sm_prometheus_unit_name(struct sm_slice unit, bool keeps_utf8, struct sm_bytes *out);

struct sm_prometheus_label_namer {
    bool keeps_utf8;
    bool collapses_underscores;    /* runs of underscores become one, except around a reserved __name__ */
    bool marks_leading_underscore; /* _x becomes key_x, __x stays: remote write */
};

/* False: empty, or only underscores. */
bool sm_prometheus_label_name(const struct sm_prometheus_label_namer *namer, struct sm_slice label, struct sm_bytes *out)
    __attribute__((warn_unused_result));

/* [a-zA-Z_:][a-zA-Z0-9_:]*: may stand in a page without quotes. */
bool sm_prometheus_is_classic_name(struct sm_slice name);
/* Not empty and sound UTF-8: may be a name at all. */
bool sm_prometheus_is_name(struct sm_slice name);

/* The name as a client with that escaping wants it; classic names stay as they are. */
void sm_prometheus_escape_name(struct sm_slice name, enum sm_prometheus_escaping escaping, struct sm_bytes *out);
