/* http_client_head.h - what is the same in the head of every request of an HTTP client. No state; any thread. */
#pragma once

#include "net/http_client.h"
#include "net/http_url.h"

struct sm_dial_target;

/* False with `error` filled: a configured header would end early. */
bool sm_http_client_head_check(const struct sm_http_client_options *options, struct sm_error *error) __attribute__((warn_unused_result));
/* The value that is configured for `name` (without regard to case); NULL: none. */
const char *sm_http_client_head_find(const struct sm_http_client_options *options, const char *name);
/* Appends what stands behind the method: " /path HTTP/1.1" and the headers that never change, as whole lines. */
void sm_http_client_head_write(const struct sm_http_client_options *options, const struct sm_http_url *url, const struct sm_dial_target *target,
                               const char *user_agent, struct sm_bytes *head);
