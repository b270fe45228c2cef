/* http2_fuzz.c - what a client may send to the gRPC server behind the connection preface: frames, headers, messages, packed or not. */
#include "net/grpc_server.h"

#include <stdlib.h>
#include <string.h>

#include "net/server_life.h"
#include "pipeline/worker.h"

#include "serve_bytes.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
enum { PREFACE_BYTES = 24 + 9, INPUT_MAX = 60000 };

static void answer(struct sm_grpc_call *call, void *context)
{
    (void)context;
    struct sm_buffer *message = sm_grpc_call_take_message(call);
    const struct sm_grpc_response ok = {.code = SM_RPC_OK, .body = SM_SLICE("fine")};
    const struct sm_grpc_response bad = {.code = SM_RPC_INTERNAL, .message = sm_buffer_slice(message), .status_details = sm_buffer_slice(message)};
    bool is_good = message->size == 0 || message->data[0] != 'x';
    if (message->size > 200)
        message->size = 200;
    sm_grpc_respond(call, is_good ? &ok : &bad);
    sm_buffer_release(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sm_workers *workers;
    static struct sm_grpc_server *server;
    if (!server) {
        static const struct sm_grpc_server_options options = {
            .endpoint = "", .transport = "tcp", .max_recv_msg_size_mib = 1, .include_metadata = true};
        const struct sm_grpc_method method = {.path = SM_SLICE("/a.B/C"), .handler = answer};
        workers = sm_workers_create(0, NULL);
        server = sm_grpc_server_create(workers, &options, &method, 1, NULL, NULL);
    }
    if (size < 1 || size > INPUT_MAX)
        return 0;
    static uint8_t bytes[PREFACE_BYTES + INPUT_MAX];
    memcpy(bytes, PREFACE, PREFACE_BYTES);
    memcpy(bytes + PREFACE_BYTES, data + 1, size - 1);
    /* The server embeds its life as its first member. */
    serve_bytes((struct sm_server_life *)server, sm_workers_main(workers), bytes, PREFACE_BYTES + size - 1, data[0]);
    return 0;
}
