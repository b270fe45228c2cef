/* crc32.h - the checksum of Ethernet, gzip and PNG (IEEE 802.3). Any thread. */
#pragma once

#include "base/slice.h"

#include <stdint.h>

/* Continues `crc`, which is 0 at the beginning. */
uint32_t sm_crc32(uint32_t crc, struct sm_slice bytes);
