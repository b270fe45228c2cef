/* htpasswd.c - see htpasswd.h. State: the entries, immutable; for each slow one the digests of the password that was right and of
 * those that were wrong lately, and how long wrong ones may still take, under a lock.
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

enum {
    FILE_LIMIT_BYTES = 16 * 1024 * 1024,
    DIGEST_BYTES = 64,
    REFUSED_MAX = 8,       /* clients of one name that have wrong passwords and try again for ever */
    BCRYPT_KEY_BYTES = 72, /* bcrypt looks at no more */
    SHARE = 4,             /* wrong passwords take one part in so many of a processor */
};

struct digest {
    char hex[DIGEST_BYTES];
};

struct user {
    struct sm_slice name, kept; /* borrowed: arena */
    bool is_slow;
    bool is_verified; /* guarded by lock, as what follows */
    struct digest verified;
    struct digest refused[REFUSED_MAX]; /* a ring */
    size_t refused_count;               /* ever */
};

struct sm_htpasswd {
    struct sm_arena arena; /* owned */
    struct user *users;    /* borrowed: arena; a later entry of a name stands in place of the first */
    size_t count, capacity;
    pthread_mutex_t lock;
    uint64_t spent_ns; /* guarded by lock, as the next: by wrong passwords, and not made good yet */
    uint64_t spent_at_ns;
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
    if (form == SM_PASSWORD_SHA1 && !sm_digest_prepare(error))
        return sm_error_wrap(error, "htpasswd, line %zu", number);
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
    int why = errno;
    if (!file || ferror(file)) {
        sm_error_set_errno(error, why, "open htpasswd file: %s", path);
        is_good = sm_error_advise_file(error, why, path, false);
    } else if (text.size > FILE_LIMIT_BYTES) {
        is_good = sm_error_set(error, SM_ERROR_USAGE, "read htpasswd content: %s has more than %d MiB", path, FILE_LIMIT_BYTES >> 20);
    }
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

/* ---- slow passwords */

/* What is remembered of a password: it cannot be guessed from memory without the secret, and a later comparison is quick. */
static struct digest digest_of(const struct user *user, struct sm_slice password)
{
    struct sm_arena arena = {0};
    struct sm_bytes text;
    struct digest digest = {{0}};
    uint64_t secret = sm_hash_secret();
    if (sm_slice_starts_with(user->kept, SM_SLICE("$2")) && password.size > BCRYPT_KEY_BYTES)
        password.size = BCRYPT_KEY_BYTES;
    sm_bytes_init(&text, &arena);
    sm_bytes_append(&text, &secret, sizeof(secret));
    sm_bytes_append_slice(&text, user->kept);
    sm_bytes_append_char(&text, '\0');
    sm_bytes_append_slice(&text, password);
    struct sm_slice hex = sm_digest_hex(SM_DIGEST_SHA256, sm_bytes_slice(&text), &arena);
    if (hex.size == DIGEST_BYTES)
        memcpy(digest.hex, hex.ptr, DIGEST_BYTES);
    sm_arena_deinit(&arena);
    return digest;
}

static bool is_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->hex, b->hex, DIGEST_BYTES) == 0;
}

enum verdict { VERDICT_RIGHT, VERDICT_WRONG, VERDICT_UNKNOWN };

static enum verdict recall(const struct user *user, const struct digest *given)
{
    if (user->is_verified)
        return is_same(&user->verified, given) ? VERDICT_RIGHT : VERDICT_WRONG;
    for (size_t i = 0; i < user->refused_count && i < REFUSED_MAX; i++)
        if (is_same(&user->refused[i], given))
            return VERDICT_WRONG;
    return VERDICT_UNKNOWN;
}

/* Is there time for another one? */
static bool has_time(struct sm_htpasswd *users, uint64_t now_ns)
{
    uint64_t made_good_ns = (now_ns - users->spent_at_ns) / SHARE;
    users->spent_ns -= made_good_ns < users->spent_ns ? made_good_ns : users->spent_ns;
    users->spent_at_ns = now_ns;
    return users->spent_ns < SM_HTPASSWD_BURST_NS;
}

static void remember(struct sm_htpasswd *users, struct user *user, const struct digest *given, bool is_right, uint64_t took_ns)
{
    if (is_right) {
        user->verified = *given;
        user->is_verified = true;
        return;
    }
    user->refused[user->refused_count++ % REFUSED_MAX] = *given;
    users->spent_ns += took_ns;
}

static bool matches_slowly(struct sm_htpasswd *users, struct user *user, struct sm_slice password, struct sm_error *error)
{
    uint64_t start_ns = sm_clock_mono_ns();
    struct digest given = digest_of(user, password);
    pthread_mutex_lock(&users->lock);
    enum verdict verdict = recall(user, &given);
    bool is_busy = verdict == VERDICT_UNKNOWN && !has_time(users, start_ns);
    pthread_mutex_unlock(&users->lock);
    if (is_busy)
        return sm_error_set(error, SM_ERROR_BUSY, "too many wrong passwords to check this one now");
    if (verdict != VERDICT_UNKNOWN)
        return verdict == VERDICT_RIGHT;
    bool is_right = sm_password_matches(user->kept, password);
    pthread_mutex_lock(&users->lock);
    remember(users, user, &given, is_right, sm_clock_mono_ns() - start_ns);
    pthread_mutex_unlock(&users->lock);
    return is_right;
}

bool sm_htpasswd_matches(struct sm_htpasswd *users, struct sm_slice name, struct sm_slice password, struct sm_error *error)
{
    struct user *user = find(users, name);
    (void)sm_error_set(error, SM_ERROR_USAGE, "invalid credentials");
    if (!user)
        return false;
    if (!user->is_slow)
        return sm_password_matches(user->kept, password);
    /* No kept password has a NUL in it, but the part that bcrypt looks at may be right. */
    bool has_nul = password.size > 0 && memchr(password.ptr, '\0', password.size);
    return !has_nul && matches_slowly(users, user, password, error);
}

void sm_htpasswd_free(struct sm_htpasswd *users)
{
    if (!users)
        return;
    pthread_mutex_destroy(&users->lock);
    sm_arena_deinit(&users->arena);
    free(users);
}
