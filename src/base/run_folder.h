/* run_folder.h - where running processes of a user leave their sockets: $XDG_RUNTIME_DIR/spanmill, or /tmp/spanmill-<uid>. Any thread. */
#pragma once

#include <stdbool.h>

enum { SM_RUN_FOLDER_SIZE = 80 }; /* the path of a socket in it fits struct sockaddr_un */

/* Writes the path. The folder must belong to the user and be closed to others; with `must_create` it is made if it is not there. False: there is
 * none. */
bool sm_run_folder_find(char path[SM_RUN_FOLDER_SIZE], bool must_create) __attribute__((warn_unused_result));
