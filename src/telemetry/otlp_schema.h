/* otlp_schema.h - the OTLP messages as tables (private to telemetry/): what drives JSON in both directions.
 *
 * Fields stand in the order in which the reference writes them as JSON. Constant. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telemetry/signal.h"

enum sm_schema_kind {
    SM_KIND_STRING,
    SM_KIND_BYTES,    /* base64 */
    SM_KIND_TRACE_ID, /* hexadecimal */
    SM_KIND_SPAN_ID,
    SM_KIND_BOOL,
    SM_KIND_INT32,
    SM_KIND_UINT32,
    SM_KIND_SINT32, /* zigzag */
    SM_KIND_ENUM,
    SM_KIND_INT64, /* 64-bit integers are strings in JSON */
    SM_KIND_UINT64,
    SM_KIND_FIXED32,
    SM_KIND_FIXED64,
    SM_KIND_SFIXED64,
    SM_KIND_DOUBLE,
    SM_KIND_MESSAGE,
};

enum {
    SM_SCHEMA_REPEATED = 1u << 0,
    SM_SCHEMA_ONEOF = 1u << 1,    /* member of the message's only oneof: the last one counts, written even when zero */
    SM_SCHEMA_OPTIONAL = 1u << 2, /* written even when zero */
    SM_SCHEMA_ALWAYS = 1u << 3,   /* a message that is written even when absent */
};

struct sm_schema_enum {
    const char *name;
    int32_t value;
};

struct sm_schema_message;

enum { SM_SCHEMA_TOKEN_ROOM = 32 };

struct sm_schema_field {
    char token[SM_SCHEMA_TOKEN_ROOM]; /* the name as it stands before a value: quotes and a colon around it */
    const char *snake_name;
    uint8_t token_size, snake_size;
    uint16_t number;
    uint8_t kind;  /* enum sm_schema_kind */
    uint8_t flags; /* SM_SCHEMA_… */
    union {
        const struct sm_schema_message *message;
        const struct sm_schema_enum *enums; /* ends with a NULL name */
    };
};

enum { SM_SCHEMA_FIELDS_MAX = 16, SM_SCHEMA_MESSAGES_MAX = 40 };

struct sm_schema_message {
    const struct sm_schema_field *fields;
    uint8_t index; /* another one for each message, below SM_SCHEMA_MESSAGES_MAX */
    uint8_t field_count;
    uint8_t size_bytes; /* bytes that the length of such a message usually takes */
};

/* Export…ServiceRequest. */
const struct sm_schema_message *sm_schema_request(enum sm_signal signal);
/* KeyValue. */
const struct sm_schema_message *sm_schema_attribute(void);
