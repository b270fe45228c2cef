/* listener.c - see listener.h.
 *
 * A `port` is one listening socket. Its owners are the listeners opened on it, the newest first; more than one only while a reloaded configuration
 * replaces another. State: the list of ports, touched by the main worker only. Limits: ACCEPTS_PER_WAKE_UP; connections are limited by the servers.
 * Source: opentelemetry-collector config/confignet; Go net (which address a name listens on). */
#include "net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/option.h"
#include "pipeline/worker.h"

enum { ACCEPTS_PER_WAKE_UP = 64, BACKLOG = 4096, ADDRESS_BYTES = 320, KEY_BYTES = ADDRESS_BYTES + 8 };
static const uint64_t ACCEPT_PAUSE_NS = 100 * SM_NS_PER_MS; /* when the system has no descriptor left */

/* Main worker only. */
struct port {
    struct port *next;
    char *key; /* owned: "tcp 127.0.0.1:4317" */
    struct sm_workers *workers;
    struct event *event;        /* owned */
    struct sm_timer *resume;    /* owned */
    struct sm_listener *owners; /* newest first */
    char *unlink_path;          /* owned; unix sockets: removed with the port */
    char address[ADDRESS_BYTES];
    int fd;
};

/* Main worker only. */
struct sm_listener {
    struct port *port;
    struct sm_listener *older;
    sm_listener_accepted *accepted;
    void *context;
    unsigned generation;
};

/* Message: from the main worker to the one that gets the connection. */
struct placement {
    sm_listener_accepted *accepted;
    void *context;
    int fd;
    char peer[ADDRESS_BYTES];
};

/* What the servers of the configuration that is being made will listen on. Main worker only. */
struct wanted {
    struct wanted *next;
    char key[KEY_BYTES];
};

static struct port *ports;
static struct wanted *wanted;
static bool notes_wanted;
static unsigned generation, started_generation;

void sm_listener_next_generation(void)
{
    generation++;
}

void sm_listener_generation_started(void)
{
    started_generation = generation;
}

unsigned sm_listener_generation(void)
{
    return generation;
}

/* ---- accepting */

static void hand_over(struct sm_worker *worker, void *context)
{
    struct placement *placement = context;
    placement->accepted(worker, placement->fd, placement->peer, placement->context);
    free(placement);
}

/* A configuration that cannot start must not have answered anybody in the name of the one that runs. */
static const struct sm_listener *owner_of_connections(const struct port *port)
{
    for (const struct sm_listener *owner = port->owners; owner; owner = owner->older)
        if (owner->generation <= started_generation)
            return owner;
    return port->owners;
}

static void place(struct port *port, int fd, const struct sockaddr *peer)
{
    int on = 1;
    if (peer->sa_family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    const struct sm_listener *owner = owner_of_connections(port);
    struct placement *placement = sm_alloc(1, sizeof(*placement));
    *placement = (struct placement){.accepted = owner->accepted, .context = owner->context, .fd = fd};
    sm_address_print(peer, placement->peer, sizeof(placement->peer));
    struct sm_worker *worker = sm_workers_least_loaded(port->workers);
    sm_worker_add_load(worker, 1);
    sm_worker_post(worker, hand_over, placement);
}

static void resume_accepting(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct port *port = context;
    event_add(port->event, NULL);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct port *port = context;
    for (int i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof(peer);
        int connection = accept4(fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection >= 0) {
            place(port, connection, (const struct sockaddr *)&peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            continue; /* that one connection is gone already */
        char why[SM_ERRNO_WORDS_SIZE];
        sm_log(SM_LOG_ERROR, NULL, "cannot accept connections for now", SM_LOG_STR("address", port->address),
               SM_LOG_STR("error", sm_errno_words(errno, why)));
        event_del(port->event);
        sm_timer_arm(port->resume, ACCEPT_PAUSE_NS, false);
        return;
    }
}

/* ---- opening */

void sm_listener_validate_transport(const char *transport, struct sm_validation *validation, const char *key_path)
{
    static const char *const known[] = {"tcp", "tcp4", "tcp6", "unix"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(transport, known[i]) == 0)
            return;
    sm_validation_error(validation, key_path, "'transport' unsupported transport type \"%s\": there are tcp, tcp4, tcp6 and unix", transport);
}

static void write_key(char key[KEY_BYTES], const struct sm_listener_options *options)
{
    snprintf(key, KEY_BYTES, "%s %s", options->transport, options->endpoint);
}

static bool fail_listen(struct sm_error *error, int why, const struct sm_listener_options *options)
{
    bool is_unix = strcmp(options->transport, "unix") == 0;
    sm_error_set_errno(error, why, "listen %s %s: bind", options->transport, options->endpoint);
    if (why == EADDRINUSE)
        return sm_error_advise(error, "another component or program has it (%s tells which): choose another, or stop that one",
                               is_unix                                  ? "ss -lxp"
                               : strcmp(options->transport, "udp") == 0 ? "ss -lunp"
                                                                        : "ss -ltnp");
    if (why == EADDRNOTAVAIL)
        return sm_error_advise(error, "no interface here has this address (ip -brief address lists them); 0.0.0.0 takes all of them");
    if (why == EACCES && !is_unix)
        return sm_error_advise(error, "ports below 1024 need the capability CAP_NET_BIND_SERVICE: give it, or choose a higher port");
    return is_unix ? sm_error_advise_file(error, why, options->endpoint, true) : false;
}

/* `type` SOCK_DGRAM: there is nothing to listen for, and an address that may be used again would be used by two. */
static int bind_and_listen(const struct sockaddr *address, socklen_t size, int type, bool is_dual)
{
    int fd = socket(address->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1, v6_only = !is_dual;
    if (address->sa_family != AF_UNIX && type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
    if (bind(fd, address, size) != 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)) {
        int why = errno;
        close(fd);
        return -why;
    }
    return fd;
}

static void fail_lookup(struct sm_error *error, int status, const struct sm_listener_options *options, const char *host, const char *port)
{
    if (status == EAI_SERVICE)
        sm_error_set(error, SM_ERROR_IO, "listen %s: lookup %s/%s: unknown port", options->transport, options->transport, port);
    else
        sm_error_set(error, SM_ERROR_IO, "listen %s: lookup %s: %s", options->transport, host,
                     status == EAI_NONAME ? "no such host" : gai_strerror(status));
    sm_error_advise(error, status == EAI_SERVICE
                               ? "write the port as a number"
                               : "write the address as a number (0.0.0.0: all interfaces), or make the name known in DNS or /etc/hosts");
}

static bool is_wildcard(const char *host)
{
    return !*host || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
}

static bool split_inet(const struct sm_listener_options *options, char host[256], char port[32], struct sm_error *error)
{
    host[0] = '\0';
    memcpy(port, "0", sizeof("0"));
    if (*options->endpoint && !sm_address_split(options->endpoint, host, port, error)) {
        sm_error_wrap(error, "listen %s", options->transport);
        return sm_error_advise(error, "write HOST:PORT, as localhost:4318 or 0.0.0.0:4318");
    }
    if (strspn(port, "0123456789") != strlen(port) || strtoul(port, NULL, 10) <= UINT16_MAX)
        return true;
    sm_error_set(error, SM_ERROR_USAGE, "listen %s: address %s: invalid port", options->transport, port);
    return sm_error_advise(error, "ports go up to 65535");
}

/* No host or a wildcard: all interfaces, IPv6 and IPv4 on one socket where there is IPv6. No endpoint: any free port of them. A name: its IPv4
 * address if it has one, as Go chooses. */
static int open_inet(const struct sm_listener_options *options, int type, struct sm_error *error)
{
    char host[256], port[32];
    if (!split_inet(options, host, port, error))
        return -1;
    bool is_any = is_wildcard(host) && options->transport[3] == '\0'; /* "tcp", "udp" */
    struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_PASSIVE, .ai_family = AF_UNSPEC}, *found = NULL;
    if (strcmp(options->transport, "tcp4") == 0)
        hints.ai_family = AF_INET;
    if (strcmp(options->transport, "tcp6") == 0)
        hints.ai_family = AF_INET6;
    int status = getaddrinfo(*host && !is_any ? host : NULL, port, &hints, &found);
    if (status != 0) {
        fail_lookup(error, status, options, host, port);
        return -1;
    }
    int preferred = is_any ? AF_INET6 : AF_INET, fd = -EAFNOSUPPORT;
    for (int pass = 0; pass < 2 && fd < 0 && fd != -EADDRINUSE; pass++)
        for (struct addrinfo *info = found; info && fd < 0 && fd != -EADDRINUSE; info = info->ai_next)
            if ((info->ai_family == preferred) == (pass == 0))
                fd = bind_and_listen(info->ai_addr, info->ai_addrlen, type, is_any);
    freeaddrinfo(found);
    if (fd >= 0)
        return fd;
    fail_listen(error, -fd, options);
    return -1;
}

int sm_listener_bind_datagram(const char *endpoint, struct sm_error *error)
{
    const struct sm_listener_options options = {.endpoint = endpoint, .transport = "udp"};
    return open_inet(&options, SOCK_DGRAM, error);
}

/* A socket file that nobody listens on is left over from a process that was killed. */
static void remove_stale_socket(const struct sockaddr_un *address, socklen_t size)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return;
    if (connect(probe, (const struct sockaddr *)address, size) != 0 && errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(probe);
}

static bool check_unix(const struct sm_listener_options *options, struct sm_error *error)
{
    size_t length = strlen(options->endpoint), size_max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    return (length > 0 && length <= size_max) ||
           sm_error_set(error, SM_ERROR_USAGE, "listen unix %s: the path must have 1 to %zu bytes", options->endpoint, size_max);
}

static int open_unix(const struct sm_listener_options *options, char **unlink_path, struct sm_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(options->endpoint);
    if (!check_unix(options, error))
        return -1;
    memcpy(address.sun_path, options->endpoint, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    bool is_abstract = address.sun_path[0] == '@';
    if (is_abstract)
        address.sun_path[0] = '\0';
    else
        remove_stale_socket(&address, ++size);
    int fd = bind_and_listen((const struct sockaddr *)&address, size, SOCK_STREAM, false);
    if (fd < 0) {
        fail_listen(error, -fd, options);
        return -1;
    }
    *unlink_path = is_abstract ? NULL : sm_strdup(options->endpoint);
    return fd;
}

static void port_free(struct port *port)
{
    for (struct port **link = &ports; *link; link = &(*link)->next)
        if (*link == port) {
            *link = port->next;
            break;
        }
    if (port->event)
        event_free(port->event);
    sm_timer_free(port->resume);
    if (port->unlink_path)
        unlink(port->unlink_path);
    if (port->fd >= 0)
        close(port->fd);
    free(port->unlink_path);
    free(port->key);
    free(port);
}

void sm_listener_begin_configuration(void)
{
    notes_wanted = true;
}

void sm_listener_end_configuration(void)
{
    notes_wanted = false;
    for (struct wanted *next; wanted; wanted = next) {
        next = wanted->next;
        free(wanted);
    }
}

/* Port 0, or none, is another one every time. */
static bool is_any_port(const char *endpoint)
{
    const char *port = strrchr(endpoint, ':');
    return !*endpoint || (port && port[1 + strspn(port + 1, "0")] == '\0');
}

/* As one that is listened on is told, though nothing is yet: see sm_listener_open. */
static bool want(const struct sm_listener_options *options, struct sm_error *error)
{
    if (!notes_wanted || is_any_port(options->endpoint))
        return true;
    struct wanted *one = sm_alloc(1, sizeof(*one));
    write_key(one->key, options);
    for (const struct wanted *other = wanted; other; other = other->next)
        if (strcmp(other->key, one->key) == 0) {
            free(one);
            return fail_listen(error, EADDRINUSE, options);
        }
    one->next = wanted;
    wanted = one;
    return true;
}

static bool check_address(const struct sm_listener_options *options, struct sm_error *error)
{
    char host[256], port[32];
    if (strcmp(options->transport, "unix") == 0)
        return check_unix(options, error);
    if (strncmp(options->transport, "tcp", 3) != 0 && strcmp(options->transport, "udp") != 0)
        return sm_error_set(error, SM_ERROR_USAGE, "listen %s: transport must be tcp, tcp4, tcp6 or unix, not %s", options->endpoint,
                            options->transport);
    return split_inet(options, host, port, error);
}

bool sm_listener_check(const struct sm_listener_options *options, struct sm_error *error)
{
    return check_address(options, error) && want(options, error);
}

static struct port *port_open(struct sm_workers *workers, const struct sm_listener_options *options, const char *key, struct sm_error *error)
{
    bool is_unix = strcmp(options->transport, "unix") == 0;
    if (!check_address(options, error))
        return NULL;
    struct port *port = sm_alloc(1, sizeof(*port));
    port->workers = workers;
    port->key = sm_strdup(key);
    port->fd = is_unix ? open_unix(options, &port->unlink_path, error) : open_inet(options, SOCK_STREAM, error);
    if (port->fd < 0) {
        port_free(port);
        return NULL;
    }
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    if (is_unix || getsockname(port->fd, (struct sockaddr *)&bound, &size) != 0)
        snprintf(port->address, sizeof(port->address), "%s", options->endpoint);
    else
        sm_address_print((const struct sockaddr *)&bound, port->address, sizeof(port->address));
    struct sm_worker *main_worker = sm_workers_main(workers);
    port->resume = sm_timer_create(main_worker, resume_accepting, port);
    port->event = event_new(sm_worker_event_base(main_worker), port->fd, EV_READ | EV_PERSIST, on_connection, port);
    if (!port->event || event_add(port->event, NULL) != 0)
        sm_out_of_memory(sizeof(*port));
    port->next = ports;
    ports = port;
    return port;
}

/* A port of an earlier configuration with this address. Port 0 is another one every time. */
static struct port *find_port(const char *key, const char *endpoint)
{
    if (is_any_port(endpoint))
        return NULL;
    for (struct port *port = ports; port; port = port->next)
        if (strcmp(port->key, key) == 0)
            return port;
    return NULL;
}

struct sm_listener *sm_listener_open(struct sm_workers *workers, const struct sm_listener_options *options, sm_listener_accepted *accepted,
                                     void *context, struct sm_error *error)
{
    sm_worker_assert(sm_workers_main(workers));
    char key[KEY_BYTES];
    write_key(key, options);
    struct port *port = find_port(key, options->endpoint);
    if (port && port->owners->generation == generation) {
        fail_listen(error, EADDRINUSE, options);
        return NULL;
    }
    if (!port)
        port = port_open(workers, options, key, error);
    if (!port)
        return NULL;
    struct sm_listener *listener = sm_alloc(1, sizeof(*listener));
    *listener = (struct sm_listener){.port = port, .older = port->owners, .accepted = accepted, .context = context, .generation = generation};
    port->owners = listener;
    return listener;
}

const char *sm_listener_address(const struct sm_listener *listener)
{
    return listener->port->address;
}

sm_listener_accepted *sm_listener_successor(const struct sm_listener *listener, void **context)
{
    const struct sm_listener *owner = listener->port->owners;
    if (owner == listener)
        owner = owner->older;
    *context = owner ? owner->context : NULL;
    return owner ? owner->accepted : NULL;
}

void sm_listener_close(struct sm_listener *listener)
{
    if (!listener)
        return;
    struct port *port = listener->port;
    sm_worker_assert(sm_workers_main(port->workers));
    for (struct sm_listener **link = &port->owners; *link; link = &(*link)->older)
        if (*link == listener) {
            *link = listener->older;
            break;
        }
    free(listener);
    if (!port->owners)
        port_free(port);
}
