"""An OTLP/HTTP next hop that counts spans and answers as it is told."""
import http.server
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Sink:
    def __init__(self, port):
        self.spans = 0
        self.requests = []
        self.headers = []  # of the requests taken
        self.status = 200  # what the next requests are answered with
        self._lock = threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = sink.status
                if status == 200:
                    request = ExportTraceServiceRequest.FromString(body)
                    with sink._lock:
                        sink.requests.append(request)
                        sink.headers.append(self.headers)
                        sink.spans += sum(len(scope.spans) for group in request.resource_spans for scope in group.scope_spans)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def all_spans(self):
        return [span for request in self.requests for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
