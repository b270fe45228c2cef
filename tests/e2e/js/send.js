// Sends spans with the JavaScript SDK over OTLP/HTTP as JSON: node send.js URL COUNT
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { resourceFromAttributes } = require("@opentelemetry/resources");

async function main(url, count) {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "web" }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  const tracer = provider.getTracer("e2e");
  for (let i = 0; i < count; i++) tracer.startSpan("click", { attributes: { ratio: 0.25, index: i, emoji: "✓" } }).end();
  await provider.forceFlush();
  await provider.shutdown();
}

main(process.argv[2], Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
