/* settings.h - the Agent's settings: which there are, what becomes of each, and their values. For this folder only. */
#pragma once

#include "datadog_agent/front_end.h"

enum sm_agent_form {
    SM_AGENT_TEXT,
    SM_AGENT_BOOL,    /* also 1 and 0, and in files the words of YAML 1.1: yes, on */
    SM_AGENT_SCALAR,  /* a number */
    SM_AGENT_SECONDS, /* a number, as a duration */
    SM_AGENT_WORDS,   /* a list; in variables between spaces or commas */
    SM_AGENT_CSV,     /* a list; in variables between commas, each in quotes or not */
    SM_AGENT_KEYS,    /* a list; in variables between spaces */
    SM_AGENT_TREE,    /* maps and lists; in variables JSON */
};

enum sm_agent_fate {
    SM_AGENT_MAPPED,   /* goes to `to`, or is read by pipelines.c when that is NULL */
    SM_AGENT_UNNEEDED, /* has no effect here, and needs none */
    SM_AGENT_REFUSED,  /* changes what is sent, and is not built */
    SM_AGENT_IGNORED,  /* belongs to a part of the Agent that is not here: a warning */
};

struct sm_agent_setting {
    const char *path; /* "apm_config.receiver_port"; with ".*" at its end everything below it */
    enum sm_agent_form form;
    const char *to;        /* place in the Collector's tree */
    const char *variable;  /* another name than that of the path */
    const char *variable2; /* an old name */
    enum sm_agent_fate fate;
};
extern const struct sm_agent_setting sm_agent_settings[];
extern const size_t sm_agent_setting_count;

struct sm_agent_values {
    const struct sm_node *file;     /* NULL: none */
    const char *const *environment; /* "NAME=value" each; NULL behind the last */
    struct sm_arena *arena;
    struct sm_diags *diags;
};
/* The value of a setting: the environment's, else the file's; NULL: not set. */
const struct sm_node *sm_agent_value(const struct sm_agent_values *values, const struct sm_agent_setting *setting);
/* By path; the setting is in the table. */
const struct sm_node *sm_agent_find(const struct sm_agent_values *values, const char *path);
bool sm_agent_bool(const struct sm_agent_values *values, const char *path, bool absent);
/* As text, whatever it was written as. */
const char *sm_agent_text(const struct sm_agent_values *values, const char *path, const char *absent);
/* Tells of what the file and the environment hold that does not go anywhere. */
void sm_agent_check_settings(const struct sm_agent_values *values);
