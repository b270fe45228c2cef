/* snappy_library.h - libsnappy, loaded when somebody first needs it.
 *
 * Few senders use Snappy, but the library brings the C++ runtime with it: 1.2 MiB of resident memory, a tenth of what the program takes with its
 * usual work (measured). It is opened by its name on the first use and kept. Any thread. */
#pragma once

#include <snappy-c.h>

struct sm_snappy {
    __typeof__(snappy_compress) *compress;
    __typeof__(snappy_uncompress) *uncompress;
    __typeof__(snappy_max_compressed_length) *max_compressed_length;
    __typeof__(snappy_uncompressed_length) *uncompressed_length;
    __typeof__(snappy_validate_compressed_buffer) *validate;
};

/* NULL, with a line in the log, when it cannot be loaded. */
const struct sm_snappy *sm_snappy_library(void);
