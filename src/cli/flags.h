/* flags.h - reads the flags of a command by a table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sm_load_options;

enum { SM_FLAGS_VALUES_MAX = 64 };

/* Values of a flag that may be given several times. */
struct sm_flag_values {
    const char *items[SM_FLAGS_VALUES_MAX]; /* borrowed: argv */
    size_t count;
};

struct sm_flag {
    const char *name;  /* without dashes */
    char letter;       /* '\0': none */
    const char *value; /* what the value is, for help; NULL: takes none */
    const char *help;
    struct sm_flag_values *values; /* one of these three */
    const char **text;
    bool *is_set;
};

/* Reads argv[1…]. What is no flag goes to `rest` (argv[0] first, so it can be read again); NULL: nothing of the kind is taken. False after an error,
 * which has been told: "unknown flag: --nope". */
bool sm_flags_read(const struct sm_flag *flags, size_t flag_count, int argc, char **argv, struct sm_flag_values *rest)
    __attribute__((warn_unused_result));
void sm_flags_print(const struct sm_flag *flags, size_t flag_count);

/* ---- the flags of every command that takes a configuration */
struct sm_config_flags {
    struct sm_flag_values configs, sets, gates;
    const char *format;
    bool wants_help;
};
enum { SM_CONFIG_FLAG_COUNT = 5 };
/* Fills the rows --config, --config.format, --set, --feature-gates and --help into `rows`. */
void sm_config_flags_rows(struct sm_config_flags *flags, struct sm_flag rows[SM_CONFIG_FLAG_COUNT]);
/* Applies the gates and fills `options`. False after an error, which has been told ("at least one config flag must be provided"). */
bool sm_config_flags_finish(const struct sm_config_flags *flags, struct sm_load_options *options) __attribute__((warn_unused_result));
