/* labels_format.h - numbers of the identity's flags (see labels.h), shared by the writer (labels.c) and the reader (labels_show.c). */
#pragma once

enum {
    SM_LABELS_KIND_UNKNOWN = 7, /* 0 to 5 are the kinds of OTLP */
    SM_LABELS_KIND_MASK = 7,
    SM_LABELS_STATUS_UNKNOWN = 3, /* 0 to 2 are the codes of OTLP */
    SM_LABELS_STATUS_SHIFT = 3,
    SM_LABELS_STATUS_MASK = 3,
    SM_LABELS_METHOD_SHIFT = 5,
    SM_LABELS_VARINT_MAX = 10,
};
