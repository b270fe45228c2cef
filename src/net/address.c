/* address.c - "host:port" texts and socket addresses (declared in listener.h). No state; any thread. */
#include "net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { HOST_BYTES = 256, PORT_BYTES = 32 };

bool sm_address_split(const char *endpoint, char host[256], char port[32], struct sm_error *error)
{
    const char *host_begin = endpoint, *host_end, *colon;
    if (*endpoint == '[') {
        host_begin++;
        host_end = strchr(endpoint, ']');
        colon = host_end ? host_end + 1 : NULL;
    } else {
        host_end = colon = strrchr(endpoint, ':');
        if (colon && strchr(endpoint, ':') != colon)
            return sm_error_set(error, SM_ERROR_USAGE, "address %s: too many colons in address", endpoint);
    }
    if (!colon || *colon != ':')
        return sm_error_set(error, SM_ERROR_USAGE, "address %s: missing port in address", endpoint);
    size_t host_size = (size_t)(host_end - host_begin), port_size = strlen(colon + 1);
    if (host_size >= HOST_BYTES || port_size >= PORT_BYTES)
        return sm_error_set(error, SM_ERROR_USAGE, "address %s: too long", endpoint);
    memcpy(host, host_begin, host_size);
    host[host_size] = '\0';
    memcpy(port, colon + 1, port_size + 1);
    return true;
}

void sm_address_print(const struct sockaddr *address, char *out, size_t out_size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        snprintf(out, out_size, "%s:%u", host, ntohs(v4->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
        /* An IPv4 peer of a socket that serves both is written as what it is. */
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            snprintf(out, out_size, "%s:%u", host + strlen("::ffff:"), ntohs(v6->sin6_port));
        else
            snprintf(out, out_size, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        snprintf(out, out_size, "unix");
    }
}
