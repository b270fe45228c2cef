/* uuid.h - random identifiers (RFC 9562). Any thread. */
#pragma once

enum { SM_UUID_SIZE = 37 }; /* of the text with its NUL */

enum sm_uuid_version {
    SM_UUID_RANDOM = 4,
    SM_UUID_TIME = 7, /* begins with the milliseconds of today's clock, so that later ones sort behind */
};

/* "9f1c2f0e-6a1b-4d7e-8a53-2c9f0d1e4b6a". Never fails: where the system has no randomness yet, clocks and the process' secret stand in. */
void sm_uuid_make(enum sm_uuid_version version, char text[SM_UUID_SIZE]);
