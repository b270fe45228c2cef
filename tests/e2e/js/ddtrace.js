// Sends traces of two spans with Datadog's tracer: node ddtrace.js AGENT_URL COUNT, and two more when the Agent's rates have had time to change.
// Prints the rates that it was answered, by service and environment.
const tracer = require("dd-trace").init({
  url: process.argv[2],
  service: "web",
  env: "test",
  flushInterval: 100,
  runtimeMetrics: false,
  remoteConfig: { pollInterval: 3600 },
  startupLogs: false,
});

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const flush = () => new Promise((resolve) => tracer._tracer._exporter.flush(resolve));

function send(number) {
  const request = tracer.startSpan("web.request", { tags: { "resource.name": "GET /", "span.kind": "server", number } });
  tracer.startSpan("db.query", { childOf: request, tags: { "service.name": "db", "resource.name": "SELECT 1" } }).finish();
  request.finish();
}

async function main(count) {
  for (let i = 0; i < count; i++) send(i);
  await flush();
  await wait(6000);
  for (let i = 0; i < 2; i++) { // the first one begins the next interval, the second one is answered its rates
    send(count + i);
    await flush();
    await wait(500);
  }
  const rates = tracer._tracer._prioritySampler._samplers;
  console.log(JSON.stringify(Object.fromEntries(Object.entries(rates).map(([key, sampler]) => [key, sampler.rate()]))));
  process.exit(0);
}

main(Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
