/* no_proxy.h - which hosts a list such as the environment's NO_PROXY takes from a proxy. No state; any thread.
 * Source: golang.org/x/net/http/httpproxy. */
#pragma once

#include "base/slice.h"

/* Whether `url` is reached without a proxy: its host is this one, or stands in `list`, between commas: "*", a host with its subdomains
 * ("example.com"), subdomains only (".example.com"), an address, a range of addresses ("10.0.0.0/8"), each with a port or without. An empty list
 * takes nothing from the proxy, not even this host, as in Prometheus. */
bool sm_alloy_is_reached_without_proxy(const char *url, const char *list);
