/* cookies.c - see cookies.h. */
#include "net/cookies.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/memory.h"
#include "net/http_url.h"

enum { COOKIES_MAX = 64, COOKIE_BYTES_MAX = 4096, NAME_MAX_BYTES = 256 };

struct cookie {
    struct cookie *next; /* newest first */
    char *name, *value;  /* owned */
    char domain[256];    /* in lower case */
    char path[512];
    int64_t expires_s; /* INT64_MAX: with the program */
    bool is_host_only, is_secure;
};

struct sm_cookies {
    pthread_mutex_t mutex;
    struct cookie *first; /* owned; guarded by mutex */
    size_t count;
};

static void cookie_free(struct cookie *cookie)
{
    free(cookie->name);
    free(cookie->value);
    free(cookie);
}

struct sm_cookies *sm_cookies_create(void)
{
    struct sm_cookies *cookies = sm_alloc(1, sizeof(*cookies));
    pthread_mutex_init(&cookies->mutex, NULL);
    return cookies;
}

void sm_cookies_free(struct sm_cookies *cookies)
{
    if (!cookies)
        return;
    while (cookies->first) {
        struct cookie *cookie = cookies->first;
        cookies->first = cookie->next;
        cookie_free(cookie);
    }
    pthread_mutex_destroy(&cookies->mutex);
    free(cookies);
}

/* ---- where a cookie belongs */

static bool is_ip(const char *host)
{
    struct in6_addr bytes;
    return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1;
}

static bool is_within(const char *host, const char *domain)
{
    size_t host_size = strlen(host), size = strlen(domain);
    return host_size > size && host[host_size - size - 1] == '.' && strcasecmp(host + host_size - size, domain) == 0;
}

static bool is_for_host(const struct cookie *cookie, const char *host)
{
    return strcasecmp(cookie->domain, host) == 0 || (!cookie->is_host_only && is_within(host, cookie->domain));
}

static struct sm_slice path_of(const struct sm_http_url *url)
{
    struct sm_slice rest = url->path, path = sm_slice_cut(&rest, '?');
    return path.size ? path : SM_SLICE("/");
}

static bool is_for_path(const struct cookie *cookie, struct sm_slice path)
{
    size_t size = strlen(cookie->path);
    if (path.size < size || memcmp(path.ptr, cookie->path, size) != 0)
        return false;
    return path.size == size || cookie->path[size - 1] == '/' || path.ptr[size] == '/';
}

/* Up to the last slash, which counts only when it is the first character too. */
static void set_default_path(struct cookie *cookie, struct sm_slice path)
{
    size_t size = path.size;
    while (size > 0 && path.ptr[size - 1] != '/')
        size--;
    snprintf(cookie->path, sizeof(cookie->path), "%.*s", size > 1 ? (int)size - 1 : 1, size > 1 ? path.ptr : "/");
}

/* ---- reading */

/* False: the cookie is not this host's to set. */
static bool set_domain(struct cookie *cookie, struct sm_slice value, const char *host)
{
    char domain[256];
    if (value.size > 0 && *value.ptr == '.')
        value = sm_slice_make(value.ptr + 1, value.size - 1);
    if (value.size == 0)
        return true;
    if (value.size >= sizeof(domain))
        return false;
    snprintf(domain, sizeof(domain), "%.*s", SM_SLICE_ARGS(value));
    if (strcasecmp(domain, host) == 0 && (is_ip(host) || !strchr(host, '.')))
        return true; /* only itself */
    bool is_public = !strchr(domain, '.');
    if (is_ip(host) || is_public || (strcasecmp(domain, host) != 0 && !is_within(host, domain)))
        return false;
    memcpy(cookie->domain, domain, sizeof(domain));
    cookie->is_host_only = false;
    return true;
}

static int64_t parse_max_age(struct sm_slice value, int64_t now_s, int64_t otherwise)
{
    char text[24], *end;
    if (value.size == 0 || value.size >= sizeof(text))
        return otherwise;
    snprintf(text, sizeof(text), "%.*s", SM_SLICE_ARGS(value));
    long long seconds = strtoll(text, &end, 10);
    if (*end)
        return otherwise;
    return seconds <= 0 ? 0 : seconds > INT64_MAX - now_s ? INT64_MAX : now_s + seconds;
}

static int64_t parse_expires(struct sm_slice value, int64_t otherwise)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S", "%a, %d-%b-%Y %H:%M:%S"};
    char text[64];
    snprintf(text, sizeof(text), "%.*s", SM_SLICE_ARGS(value));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm when = {0};
        if (strptime(text, forms[i], &when))
            return timegm(&when);
    }
    return otherwise;
}

/* One "name=value" behind the first. False: the cookie is refused. Max-Age goes before Expires. */
static bool take_attribute(struct cookie *cookie, struct sm_slice part, const char *host, int64_t now_s, bool *has_max_age)
{
    struct sm_slice value = part, name = sm_slice_trim(sm_slice_cut(&value, '='));
    value = sm_slice_trim(value);
    if (sm_slice_equal_nocase(name, SM_SLICE("domain")))
        return set_domain(cookie, value, host);
    if (sm_slice_equal_nocase(name, SM_SLICE("secure"))) {
        cookie->is_secure = true;
    } else if (sm_slice_equal_nocase(name, SM_SLICE("path"))) {
        if (value.size > 0 && *value.ptr == '/' && value.size < sizeof(cookie->path))
            snprintf(cookie->path, sizeof(cookie->path), "%.*s", SM_SLICE_ARGS(value));
    } else if (sm_slice_equal_nocase(name, SM_SLICE("max-age"))) {
        cookie->expires_s = parse_max_age(value, now_s, cookie->expires_s);
        *has_max_age = true;
    } else if (sm_slice_equal_nocase(name, SM_SLICE("expires")) && !*has_max_age) {
        cookie->expires_s = parse_expires(value, cookie->expires_s);
    }
    return true;
}

static bool is_clean(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.ptr[i] < 0x21 || text.ptr[i] == 0x7f || text.ptr[i] == ';' || text.ptr[i] == '"' || text.ptr[i] == '\\')
            return false;
    return true;
}

/* NULL: not a cookie, or not for `url`. */
static struct cookie *parse(const struct sm_http_url *url, struct sm_slice header, int64_t now_s)
{
    struct sm_slice value = sm_slice_trim(sm_slice_cut(&header, ';')), name = sm_slice_trim(sm_slice_cut(&value, '='));
    bool has_max_age = false, is_valid = true;
    value = sm_slice_trim(value);
    if (value.size >= 2 && *value.ptr == '"' && value.ptr[value.size - 1] == '"')
        value = sm_slice_make(value.ptr + 1, value.size - 2);
    if (name.size == 0 || name.size > NAME_MAX_BYTES || value.size > COOKIE_BYTES_MAX || !is_clean(name) || !is_clean(value))
        return NULL;
    struct cookie *cookie = sm_alloc(1, sizeof(*cookie));
    *cookie = (struct cookie){.expires_s = INT64_MAX, .is_host_only = true};
    cookie->name = sm_alloc(1, name.size + 1);
    cookie->value = sm_alloc(1, value.size + 1);
    memcpy(cookie->name, name.ptr, name.size);
    if (value.size)
        memcpy(cookie->value, value.ptr, value.size);
    snprintf(cookie->domain, sizeof(cookie->domain), "%s", url->host);
    set_default_path(cookie, path_of(url));
    while (is_valid && header.size > 0)
        is_valid = take_attribute(cookie, sm_slice_trim(sm_slice_cut(&header, ';')), url->host, now_s, &has_max_age);
    if (is_valid)
        return cookie;
    cookie_free(cookie);
    return NULL;
}

/* ---- the jar */

/* Takes out the cookie that `other` replaces, those that are over, and the oldest above the limit. */
static void remove_old(struct sm_cookies *cookies, const struct cookie *other, int64_t now_s)
{
    size_t kept = 0;
    for (struct cookie **link = &cookies->first; *link;) {
        struct cookie *cookie = *link;
        bool is_same =
            strcmp(cookie->name, other->name) == 0 && strcasecmp(cookie->domain, other->domain) == 0 && strcmp(cookie->path, other->path) == 0;
        if (!is_same && cookie->expires_s > now_s && ++kept < COOKIES_MAX) {
            link = &cookie->next;
            continue;
        }
        *link = cookie->next;
        cookies->count--;
        cookie_free(cookie);
    }
}

void sm_cookies_take(struct sm_cookies *cookies, const char *url_text, struct sm_slice header, int64_t now_s)
{
    struct sm_http_url url;
    struct sm_error error;
    struct cookie *cookie = sm_http_url_parse(url_text, &url, &error) ? parse(&url, header, now_s) : NULL;
    if (!cookie)
        return;
    pthread_mutex_lock(&cookies->mutex);
    remove_old(cookies, cookie, now_s);
    if (cookie->expires_s > now_s) {
        cookie->next = cookies->first;
        cookies->first = cookie;
        cookies->count++;
        cookie = NULL;
    }
    pthread_mutex_unlock(&cookies->mutex);
    if (cookie)
        cookie_free(cookie);
}

/* Longer paths first, then older ones: `chosen` is newest first. */
static int in_order(const void *a, const void *b)
{
    const struct cookie *left = *(const struct cookie *const *)a, *right = *(const struct cookie *const *)b;
    size_t left_size = strlen(left->path), right_size = strlen(right->path);
    return (left_size < right_size) - (left_size > right_size);
}

void sm_cookies_write(struct sm_cookies *cookies, const char *url_text, int64_t now_s, struct sm_bytes *head)
{
    struct sm_http_url url;
    struct sm_error error;
    const struct cookie *chosen[COOKIES_MAX], *in_age[COOKIES_MAX];
    size_t count = 0;
    if (!sm_http_url_parse(url_text, &url, &error))
        return;
    pthread_mutex_lock(&cookies->mutex);
    for (const struct cookie *cookie = cookies->first; cookie && count < COOKIES_MAX; cookie = cookie->next)
        if (cookie->expires_s > now_s && (url.is_https || !cookie->is_secure) && is_for_host(cookie, url.host) && is_for_path(cookie, path_of(&url)))
            in_age[count++] = cookie;
    for (size_t i = 0; i < count; i++)
        chosen[i] = in_age[count - 1 - i];
    qsort(chosen, count, sizeof(chosen[0]), in_order);
    for (size_t i = 0; i < count; i++)
        sm_bytes_printf(head, "%s%s=%s", i ? "; " : "Cookie: ", chosen[i]->name, chosen[i]->value);
    if (count)
        sm_bytes_append_text(head, "\r\n");
    pthread_mutex_unlock(&cookies->mutex);
}
