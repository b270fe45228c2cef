/* htpasswd.c - see htpasswd.h. State: the entries, immutable; for each slow one the digest of the password that was right last, under a lock.
 * Source: Apache's htpasswd; opentelemetry-collector-contrib extension/basicauthextension. */
#include "extensions/basic_auth/htpasswd.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/memory.h"
#include "extensions/basic_auth/password.h"

enum { FILE_LIMIT_BYTES = 16 * 1024 * 1024, DIGEST_BYTES = 64 };

struct user {
    struct sm_slice name, kept; /* borrowed: arena */
    bool is_slow;
    bool is_verified; /* guarded by lock, as the next */
    char verified[DIGEST_BYTES];
};

struct sm_htpasswd {
    struct sm_arena arena; /* owned */
    struct user *users;    /* borrowed: arena; a later entry of a name stands in place of the first */
    size_t count, capacity;
    pthread_mutex_t lock;
};

static struct user *find(struct sm_htpasswd *users, struct sm_slice name)
{
    for (size_t i = 0; i < users->count; i++)
        if (sm_slice_equal(users->users[i].name, name))
            return &users->users[i];
    return NULL;
}

/* False: the library is missing. */
static bool add_line(struct sm_htpasswd *users, struct sm_slice line, size_t number, const struct sm_logger *logger, struct sm_error *error)
{
    const char *reason;
    struct sm_slice name = sm_slice_cut(&line, ':');
    enum sm_password_form form = line.ptr ? sm_password_form(line) : SM_PASSWORD_BROKEN;
    if (form == SM_PASSWORD_BROKEN) {
        sm_log(SM_LOG_WARN, logger, "Line of htpasswd left out: it is not \"name:password\"", SM_LOG_INT("line", number));
        return true;
    }
    if (form == SM_PASSWORD_CRYPT && !sm_password_load(line, &reason))
        return sm_error_set(error, SM_ERROR_USAGE, "htpasswd, line %zu: this form of password needs a library (Debian: libaprutil1 or libcrypt1): %s",
                            number, reason);
    struct user *user = find(users, name);
    if (!user) {
        users->users = sm_arena_grow(&users->arena, users->users, users->count, &users->capacity, users->count + 1, sizeof(*users->users));
        user = &users->users[users->count++];
    }
    *user =
        (struct user){.name = sm_arena_copy(&users->arena, name), .kept = sm_arena_copy(&users->arena, line), .is_slow = form == SM_PASSWORD_CRYPT};
    return true;
}

static bool add_text(struct sm_htpasswd *users, struct sm_slice text, const struct sm_logger *logger, struct sm_error *error)
{
    for (size_t number = 1; text.size > 0; number++) {
        struct sm_slice line = sm_slice_trim(sm_slice_cut(&text, '\n'));
        if (line.size > 0 && !add_line(users, line, number, logger, error))
            return false;
    }
    return true;
}

static bool add_file(struct sm_htpasswd *users, const char *path, const struct sm_logger *logger, struct sm_error *error)
{
    struct sm_bytes text = {0};
    FILE *file = fopen(path, "re");
    bool is_good = file != NULL;
    char part[4096];
    size_t size;
    while (is_good && text.size <= FILE_LIMIT_BYTES && (size = fread(part, 1, sizeof(part), file)) > 0)
        sm_bytes_append(&text, part, size);
    if (!file || ferror(file))
        is_good = sm_error_set_errno(error, errno, "open htpasswd file: %s", path);
    else if (text.size > FILE_LIMIT_BYTES)
        is_good = sm_error_set(error, SM_ERROR_USAGE, "read htpasswd content: %s has more than %d MiB", path, FILE_LIMIT_BYTES >> 20);
    if (file)
        fclose(file);
    is_good = is_good && add_text(users, sm_bytes_slice(&text), logger, error);
    sm_bytes_deinit(&text);
    return is_good;
}

struct sm_htpasswd *sm_htpasswd_create(const char *file, const char *inline_text, const struct sm_logger *logger, struct sm_error *error)
{
    struct sm_htpasswd *users = sm_alloc(1, sizeof(*users));
    pthread_mutex_init(&users->lock, NULL);
    if ((!*file || add_file(users, file, logger, error)) && add_text(users, sm_slice_of(inline_text), logger, error))
        return users;
    sm_htpasswd_free(users);
    return NULL;
}

/* What is remembered of a right password: it cannot be guessed from memory without the secret, and a later comparison is quick. */
static void digest(const struct user *user, struct sm_slice password, char out[DIGEST_BYTES])
{
    struct sm_arena arena = {0};
    struct sm_bytes text;
    uint64_t secret = sm_hash_secret();
    sm_bytes_init(&text, &arena);
    sm_bytes_append(&text, &secret, sizeof(secret));
    sm_bytes_append_slice(&text, user->kept);
    sm_bytes_append_char(&text, '\0');
    sm_bytes_append_slice(&text, password);
    struct sm_slice hex = sm_digest_hex(SM_DIGEST_SHA256, sm_bytes_slice(&text), &arena);
    memset(out, 0, DIGEST_BYTES);
    if (hex.size == DIGEST_BYTES)
        memcpy(out, hex.ptr, DIGEST_BYTES);
    sm_arena_deinit(&arena);
}

bool sm_htpasswd_matches(struct sm_htpasswd *users, struct sm_slice name, struct sm_slice password)
{
    struct user *user = find(users, name);
    if (!user)
        return false;
    if (!user->is_slow)
        return sm_password_matches(user->kept, password);
    char given[DIGEST_BYTES];
    digest(user, password, given);
    pthread_mutex_lock(&users->lock);
    bool is_known = user->is_verified && memcmp(user->verified, given, DIGEST_BYTES) == 0;
    pthread_mutex_unlock(&users->lock);
    if (is_known)
        return true;
    if (!sm_password_matches(user->kept, password))
        return false;
    pthread_mutex_lock(&users->lock);
    memcpy(user->verified, given, DIGEST_BYTES);
    user->is_verified = true;
    pthread_mutex_unlock(&users->lock);
    return true;
}

void sm_htpasswd_free(struct sm_htpasswd *users)
{
    if (!users)
        return;
    pthread_mutex_destroy(&users->lock);
    sm_arena_deinit(&users->arena);
    free(users);
}
