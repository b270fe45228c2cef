/* run_folder.c - see run_folder.h. In /tmp anybody may put a folder of that name: only one of the user's own, with mode 0700, is trusted. */
#include "base/run_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_OWNER_ONLY = 0700, MODE_OTHERS = 0077 };

bool sm_run_folder_find(char path[SM_RUN_FOLDER_SIZE], bool must_create)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int size =
        runtime && *runtime == '/' && access(runtime, W_OK) == 0 ? snprintf(path, SM_RUN_FOLDER_SIZE, "%s/spanmill", runtime) : SM_RUN_FOLDER_SIZE;
    if (size >= SM_RUN_FOLDER_SIZE)
        snprintf(path, SM_RUN_FOLDER_SIZE, "/tmp/spanmill-%u", (unsigned)geteuid());
    if (must_create)
        mkdir(path, MODE_OWNER_ONLY); /* whether it worked, or was there, is seen next */
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & MODE_OTHERS) == 0;
}
