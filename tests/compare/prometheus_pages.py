#!/usr/bin/env python3
"""Sends the same random metrics to spanmill and to a reference collector and compares the pages they show to Prometheus.

    prometheus_pages.py SPANMILL REFERENCE [--seed N] [--rounds N]

Not part of the test run: it needs a reference binary. Differences are printed as a diff; the exit status says whether there were any."""
import argparse
import difflib
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

NAMES = ["http.server.duration", "a", "requests", "requests_total", "x.total.y", "9lives", "_x", "__", "a__b", "é", "über.wert", "a:b", "ratio", "mem.ratio",
         "cpu seconds", "bytes.sent", "rate_per_second", "a-b-c", "A.B", "..", "per_second", "total", "x_total_total", "foo_sum", "foo", "foo_count", "size.bytes.x"]
UNITS = ["", "s", "ms", "By", "1", "%", "{requests}", "By/s", "1/s", "{x}/s", "m/s", "foo", "_foo_", "a/b/c", " s ", "KiBy/min", "/s", "s/{x}", "µs", "W/m^2"]
KEYS = ["k", "http.method", "9d", "_u", "a__b", "a.b", "é", "le", "job", "x y", "__r", "__r__", "A", "___", "otel_scope_name", "k-1", "quantile"]
VALUES = [{"stringValue": "v"}, {"stringValue": ""}, {"stringValue": "q\"\\\n é"}, {"intValue": "5"}, {"doubleValue": 1e21}, {"doubleValue": 0.1},
          {"boolValue": True}, {"bytesValue": "aGVsbG8="}, {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}},
          {"kvlistValue": {"values": [{"key": "a", "value": {"doubleValue": 2}}]}}, {}]
NUMBERS = [0, 1, -1, 0.1, 1e6, 123456, 1234567, 1e-5, 1e21, 12345.678, "Infinity", "-Infinity", 5e-324, 1.7976931348623157e308]
STRATEGIES = ["", "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation"]
ACCEPTS = ["", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text", "text/plain;version=0.0.4;escaping=allow-utf-8",
           "text/plain;escaping=dots", "text/plain;escaping=values", "*/*", "application/json, text/plain;version=1.0.0;q=0.9;escaping=values",
           "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
           "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.3;escaping=allow-utf-8,text/plain;q=0.2"]
T0 = 1700000000000000000


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.used = set()

    def attributes(self, most):
        keys = self.r.sample(KEYS, self.r.randint(0, most))
        return [{"key": k, "value": self.r.choice(VALUES)} for k in keys]

    def exemplars(self):
        # One id each: the reference writes two in random order.
        ids = lambda i: self.r.choice([{"traceId": "%032x" % (i + 1)}, {"spanId": "%016x" % (i + 1)}, {}])
        return [dict(ids(i), timeUnixNano=str(T0 + i), asDouble=self.r.choice([0.5, 3, 1e9])) for i in range(self.r.choice([0, 0, 1, 3]))]

    def base(self, time):
        return {"attributes": self.attributes(3), "startTimeUnixNano": str(self.r.choice([0, time - 1000000000])), "timeUnixNano": str(time)}

    def number(self, time):
        point = dict(self.base(time), exemplars=self.exemplars())
        point.update(self.r.choice([{"asInt": str(self.r.randint(-5, 10**12))}, {"asDouble": self.r.choice(NUMBERS)}, {}]))
        return point

    def histogram(self, time):
        bounds = self.r.choice([[], [1, 2.5, 10], [5, 1, 1], [0.005, 1e6]])
        counts = self.r.choice([[self.r.randint(0, 9) for _ in range(len(bounds) + 1)], []])
        return dict(self.base(time), count=str(sum(counts)), bucketCounts=[str(c) for c in counts], explicitBounds=bounds, exemplars=self.exemplars(),
                    **self.r.choice([{}, {"sum": self.r.choice([1.5, -2, 0])}]))

    def exponential(self, time):
        side = lambda: {"offset": self.r.randint(-20, 20), "bucketCounts": [str(self.r.choice([0, 0, 0, 1, 7])) for _ in range(self.r.randint(0, 12))]}
        positive, negative, zeros = side(), side(), self.r.randint(0, 3)
        total = zeros + sum(int(c) for c in positive["bucketCounts"] + negative["bucketCounts"])
        return dict(self.base(time), count=str(total), sum=4.5, scale=self.r.choice([-5, -4, 0, 3, 8, 12]), zeroCount=str(zeros), positive=positive,
                    negative=negative, exemplars=self.exemplars(), **self.r.choice([{}, {"zeroThreshold": 0.001}]))

    def summary(self, time):
        return dict(self.base(time), count="3", sum=1.5, quantileValues=[{"quantile": q, "value": self.r.choice(NUMBERS)} for q in (0.99, 0, 0.5)])

    def metric(self):
        name = self.r.choice([n for n in NAMES if n not in self.used] or NAMES)
        self.used.add(name)
        metric = {"name": name, "unit": self.r.choice(UNITS), "description": self.r.choice(["", "help", "two\nlines \\ \"q\""])}
        kind = self.r.choice(["gauge", "sum", "sum", "histogram", "exponentialHistogram", "summary"])
        make = {"gauge": self.number, "sum": self.number, "histogram": self.histogram, "exponentialHistogram": self.exponential, "summary": self.summary}[kind]
        metric[kind] = {"dataPoints": [make(T0 + i * 1000000007) for i in range(self.r.randint(1, 3))]}
        if kind not in ("gauge", "summary"):
            metric[kind]["aggregationTemporality"] = self.r.choice([1, 2, 2])
        if kind == "sum":
            metric[kind]["isMonotonic"] = self.r.random() < 0.7
        return metric

    def request(self):
        service = [{"key": "service.name", "value": {"stringValue": "svc"}}] if self.r.random() < 0.8 else []
        if self.r.random() < 0.7:
            # Of two resources with one job and instance the reference shows a random one.
            service.append({"key": "service.instance.id", "value": {"stringValue": "i-%d" % self.r.randint(1, 10**9)}})
        if self.r.random() < 0.4:
            service.append({"key": "service.namespace", "value": {"stringValue": self.r.choice(["ns", ""])}})
        scope = self.r.choice([{}, {"name": "lib", "version": "1", "attributes": [{"key": "k.1", "value": {"intValue": "3"}}]}])
        return {"resourceMetrics": [{"resource": {"attributes": service + [a for a in self.attributes(2) if a["key"] != "___"]},
                                     "scopeMetrics": [{"scope": scope, "metrics": [self.metric() for _ in range(4)]}]}]}

    def config(self):
        options = {"translation_strategy": self.r.choice(STRATEGIES), "send_timestamps": self.r.random() < 0.3, "enable_open_metrics": True,
                   "without_scope_info": self.r.random() < 0.3, "namespace": self.r.choice(["", "", "ns", "9my.ns"]),
                   "const_labels": self.r.choice([{}, {"c": "1"}, {"k": "clash"}]),
                   "resource_to_telemetry_conversion": {"enabled": self.r.random() < 0.3, "exclude_service_attributes": self.r.random() < 0.5}}
        return options


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_open(port, process):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            sys.exit("the collector ended: %s" % process.args)
        time.sleep(0.05)
    sys.exit("the collector does not listen")


def pages(binary, options, requests):
    intake, scrape = free_port(), free_port()
    config = {"receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:%d" % intake}}}},
              "exporters": {"prometheus": dict(options, endpoint="127.0.0.1:%d" % scrape)},
              "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheus"]}}}}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(config, file)
        file.flush()
        process = subprocess.Popen([binary, "--config", file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_open(intake, process)
            for body in requests:
                request = urllib.request.Request("http://127.0.0.1:%d/v1/metrics" % intake, json.dumps(body).encode(), {"Content-Type": "application/json"})
                urllib.request.urlopen(request).read()
            time.sleep(0.1)
            lines = []
            for accept in ACCEPTS:
                request = urllib.request.Request("http://127.0.0.1:%d/metrics" % scrape, headers={"Accept": accept} if accept else {})
                try:
                    answer = urllib.request.urlopen(request)
                except urllib.error.HTTPError as error:
                    answer = error
                body, kind = answer.read(), answer.headers["Content-Type"]
                lines.append("== %s: %s %s" % (accept, answer.status, kind))
                lines += [body[i:i + 60].hex() for i in range(0, len(body), 60)] if "protobuf" in kind else body.decode("utf-8", "replace").split("\n")
            return lines
        finally:
            process.terminate()
            process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("spanmill")
    parser.add_argument("reference")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    different = 0
    for seed in range(arguments.seed, arguments.seed + arguments.rounds):
        maker = Maker(seed)
        options, requests = maker.config(), [maker.request() for _ in range(4)]
        ours, theirs = pages(arguments.spanmill, options, requests), pages(arguments.reference, options, requests)
        diff = list(difflib.unified_diff(theirs, ours, "reference", "spanmill", lineterm="", n=0))
        different += bool(diff)
        print("seed %d: %s %s" % (seed, "different" if diff else "same, %d lines" % len(ours), json.dumps(options) if diff else ""))
        print("\n".join(diff[:40]))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
