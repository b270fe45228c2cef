/* path_check.c - see path_check.h. */
#include "base/path_check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(int errno_value, const char *path, struct sm_error *error)
{
    sm_error_set_errno(error, errno_value, "open %s", path);
    sm_error_of_start(error);
    return sm_error_advise_file(error, errno_value, path, true);
}

/* The folder of `path`, in place. */
static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(path, PATH_MAX, ".");
    else if (slash == path)
        path[1] = '\0';
    else
        *slash = '\0';
}

bool sm_path_check_writable(const char *path, bool makes_folders, struct sm_error *error)
{
    struct stat info;
    char folder[PATH_MAX];
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? refuse(EISDIR, path, error) : access(path, W_OK) == 0 || refuse(errno, path, error);
    if (errno != ENOENT || strlen(path) >= sizeof(folder))
        return refuse(errno, path, error);
    snprintf(folder, sizeof(folder), "%s", path);
    bool is_there;
    do {
        cut_last(folder);
        is_there = stat(folder, &info) == 0;
    } while (!is_there && makes_folders && errno == ENOENT && strcmp(folder, ".") != 0);
    if (!is_there)
        return refuse(errno, path, error);
    if (!S_ISDIR(info.st_mode))
        return refuse(ENOTDIR, path, error);
    return access(folder, W_OK | X_OK) == 0 || refuse(errno, path, error);
}
