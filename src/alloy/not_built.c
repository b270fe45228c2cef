/* not_built.c - see not_built.h. Source: the reference of components of Alloy v1.18 and of the Agent v0.43. */
#include "alloy/not_built.h"

#include <stddef.h>

/* Of the families in which some are built. */
static const char *const names[] = {
    "local.file_match",
    "otelcol.auth.google",
    "otelcol.auth.oauth2",
    "otelcol.auth.sigv4",
    "otelcol.connector.host_info",
    "otelcol.connector.signaltometrics",
    "otelcol.connector.spanlogs",
    "otelcol.exporter.awss3",
    "otelcol.exporter.faro",
    "otelcol.exporter.googlecloud",
    "otelcol.exporter.googlecloudpubsub",
    "otelcol.exporter.jaeger",
    "otelcol.exporter.loki",
    "otelcol.exporter.splunkhec",
    "otelcol.exporter.syslog",
    "otelcol.extension.jaeger_remote_sampling",
    "otelcol.processor.cumulativetodelta",
    "otelcol.processor.deltatocumulative",
    "otelcol.processor.discovery",
    "otelcol.processor.groupbyattrs",
    "otelcol.processor.interval",
    "otelcol.processor.k8sattributes",
    "otelcol.processor.metric_start_time",
    "otelcol.processor.redaction",
    "otelcol.processor.resourcedetection",
    "otelcol.processor.span",
    "otelcol.receiver.awscloudwatch",
    "otelcol.receiver.awsecscontainermetrics",
    "otelcol.receiver.awss3",
    "otelcol.receiver.cloudflare",
    "otelcol.receiver.faro",
    "otelcol.receiver.file_stats",
    "otelcol.receiver.filelog",
    "otelcol.receiver.fluentforward",
    "otelcol.receiver.googlecloudpubsub",
    "otelcol.receiver.influxdb",
    "otelcol.receiver.kafka",
    "otelcol.receiver.loki",
    "otelcol.receiver.nginx",
    "otelcol.receiver.opencensus",
    "otelcol.receiver.prometheus",
    "otelcol.receiver.solace",
    "otelcol.receiver.splunkhec",
    "otelcol.receiver.syslog",
    "otelcol.receiver.tcplog",
    "otelcol.receiver.vcenter",
    "prometheus.echo",
    "prometheus.enrich",
    "prometheus.receive_http",
    "prometheus.scrape",
    "remote.http",
    "remote.kubernetes.configmap",
    "remote.kubernetes.secret",
    "remote.s3",
    "remote.vault",
};

bool sm_alloy_is_not_built(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sm_slice_is(name, names[i]))
            return true;
    return false;
}

bool sm_alloy_is_of_known_family(struct sm_slice name)
{
    static const char *const families[] = {"otelcol.", "prometheus.", "loki.",   "pyroscope.", "discovery.", "mimir.",
                                           "faro.",    "beyla.",      "remote.", "local.",     "module.",    "database_observability."};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (sm_slice_starts_with(name, sm_slice_of(families[i])))
            return true;
    return false;
}
