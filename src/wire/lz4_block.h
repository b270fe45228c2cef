/* lz4_block.h - single LZ4 blocks, for memory that is packed and read back within the process. Any thread. */
#pragma once

#include "base/slice.h"

/* Packs `plain` to `packed` and returns the size; 0 when `room` is not enough. */
size_t sm_lz4_block_pack(struct sm_slice plain, char *packed, size_t room);
/* Unpacks to exactly `size` bytes. False: the block is damaged or gives another size. */
bool sm_lz4_block_unpack(struct sm_slice packed, char *plain, size_t size) __attribute__((warn_unused_result));
