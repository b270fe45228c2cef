// `otlpload metrics` sends one OTLP metrics request every interval: the same series each time, with new timestamps.
// `otlpload sink -http` is the other end of a remote write exporter.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/protobuf/proto"
)

// timeMark stands for the time of every point until the request is sent.
const timeMark = 0x1badb002cafef00d

// The default bounds of the Collector's span metrics, in milliseconds.
var bounds = []float64{2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10000, 15000}

// seriesPerKey: of a histogram its buckets, the one without end, sum and count; and a counter.
var seriesPerKey = map[string]int{"spanmetrics": len(bounds) + 4, "sums": 1}

func pointAttributes(service, i int) []*common.KeyValue {
	op := i / 6
	return []*common.KeyValue{
		str("service.name", fmt.Sprintf("service-%03d", service)),
		str("span.name", fmt.Sprintf("%s /api/v1/resource-%04d/{id}", methods[op%4], op)),
		str("span.kind", []string{"SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_INTERNAL"}[i%3]),
		str("status.code", []string{"STATUS_CODE_UNSET", "STATUS_CODE_ERROR"}[i/3%2]),
		str("http.request.method", methods[op%4]),
		str("deployment.environment.name", "production"),
	}
}

func sum(service, keys, start int) *metrics.Metric {
	data := &metrics.Sum{AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, IsMonotonic: true}
	for i := 0; i < keys; i++ {
		data.DataPoints = append(data.DataPoints, &metrics.NumberDataPoint{Attributes: pointAttributes(service, i),
			StartTimeUnixNano: uint64(start), TimeUnixNano: timeMark, Value: &metrics.NumberDataPoint_AsInt{AsInt: int64(i*7 + 1)}})
	}
	return &metrics.Metric{Name: "traces.span.metrics.calls", Data: &metrics.Metric_Sum{Sum: data}}
}

func histogram(service, keys, start int) *metrics.Metric {
	data := &metrics.Histogram{AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE}
	for i := 0; i < keys; i++ {
		counts, total := make([]uint64, len(bounds)+1), uint64(0)
		for b := range counts {
			counts[b] = uint64((i + b*b) % 97)
			total += counts[b]
		}
		duration := float64(total) * 12.5
		data.DataPoints = append(data.DataPoints, &metrics.HistogramDataPoint{Attributes: pointAttributes(service, i),
			StartTimeUnixNano: uint64(start), TimeUnixNano: timeMark, Count: total, Sum: &duration, BucketCounts: counts, ExplicitBounds: bounds})
	}
	return &metrics.Metric{Name: "traces.span.metrics.duration", Unit: "ms", Data: &metrics.Metric_Histogram{Histogram: data}}
}

// buildMetrics makes one encoded request of so many series; the number of them is told too.
func buildMetrics(shape string, series, services int) ([]byte, int) {
	req := &colmetrics.ExportMetricsServiceRequest{}
	keys := series / seriesPerKey[shape] / services
	start := int(time.Now().UnixNano())
	for s := 0; s < services; s++ {
		scope := &metrics.ScopeMetrics{Scope: &common.InstrumentationScope{Name: "spanmetricsconnector"}}
		scope.Metrics = append(scope.Metrics, sum(s, keys, start))
		if shape == "spanmetrics" {
			scope.Metrics = append(scope.Metrics, histogram(s, keys, start))
		}
		req.ResourceMetrics = append(req.ResourceMetrics, &metrics.ResourceMetrics{
			Resource:     &resource.Resource{Attributes: []*common.KeyValue{str("service.name", fmt.Sprintf("service-%03d", s))}},
			ScopeMetrics: []*metrics.ScopeMetrics{scope}})
	}
	b, err := pb.Marshal(req)
	if err != nil {
		panic(err)
	}
	return b, keys * services * seriesPerKey[shape]
}

// timeOffsets: where the times of the points stand.
func timeOffsets(b []byte) (offsets []int) {
	var mark [8]byte
	binary.LittleEndian.PutUint64(mark[:], timeMark)
	for at := 0; ; at += len(mark) {
		next := bytes.Index(b[at:], mark[:])
		if next < 0 {
			return offsets
		}
		at += next
		offsets = append(offsets, at)
	}
}

func sendMetrics(args []string) {
	fs := flag.NewFlagSet("metrics", flag.ExitOnError)
	endpoint := fs.String("endpoint", "127.0.0.1:4317", "")
	shape := fs.String("shape", "spanmetrics", "spanmetrics (a counter and a histogram of each combination) or sums")
	count := fs.Int("series", 130000, "series in a request, as Prometheus counts them")
	services := fs.Int("services", 20, "")
	interval := fs.Duration("interval", 2*time.Second, "between two requests")
	dur := fs.Duration("duration", 10*time.Second, "")
	fs.Parse(args)
	body, series := buildMetrics(*shape, *count, *services)
	offsets := timeOffsets(body)
	cc, err := grpc.NewClient(*endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		panic(err)
	}
	sent, failed, start := 0, 0, time.Now()
	for n := 0; n == 0 || time.Since(start) < *dur; n++ {
		for _, at := range offsets {
			binary.LittleEndian.PutUint64(body[at:], uint64(time.Now().UnixNano()))
		}
		var out []byte
		if err := cc.Invoke(context.Background(), "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", &body, &out); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			failed += series
		} else {
			sent += series
		}
		time.Sleep(time.Until(start.Add(time.Duration(n+1) * *interval)))
	}
	seconds := time.Since(start).Seconds()
	fmt.Printf("series=%d failed=%d seconds=%.2f series_per_s=%.0f bytes_per_request=%d\n", sent, failed, seconds, float64(sent)/seconds, len(body))
}

// remoteWriteSink takes every request and says so in the way of both versions.
func remoteWriteSink(address string) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for _, what := range []string{"Samples", "Histograms", "Exemplars"} {
			w.Header().Set("X-Prometheus-Remote-Write-"+what+"-Written", "0")
		}
		w.WriteHeader(http.StatusNoContent)
	}
	panic(http.ListenAndServe(address, http.HandlerFunc(handler)))
}
