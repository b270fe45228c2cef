/* error.h - why a set-up step failed.
 *
 * For what can fail outside the data path: files, sockets, TLS, storage. The caller owns the struct and passes it last; it is written only on
 * failure. Configuration errors go to config/diags.h instead, outcomes of data to pipeline/outcome.h.
 *
 * Whoever knows it says which option is to blame, by the address of its member in the decoded options, and what the user may do about it. Who knows
 * the component (pipeline/blame.h) turns the address into the place in the user's file. */
#pragma once

#include <stdbool.h>

enum sm_error_class {
    SM_ERROR_NONE = 0,
    SM_ERROR_USAGE,    /* the configuration or the command line asks for something impossible */
    SM_ERROR_IO,       /* the system refused: file, socket, disk */
    SM_ERROR_BUSY,     /* somebody still has it: later it may work */
    SM_ERROR_PROTOCOL, /* a peer sent something unsound */
    SM_ERROR_INTERNAL,
};

struct sm_error {
    enum sm_error_class class;
    char text[512];     /* what, where, why, in one line */
    char advice[192];   /* what to do, without a full stop; "": nothing is known */
    const void *option; /* borrowed, only compared: the member of the decoded options that is to blame; NULL: none */
    bool is_of_start;   /* found early: users of the reference know it as what a start says */
};

/* Fills `error` (NULL is allowed) and returns false, for `return sm_error_set(…)`. */
bool sm_error_set(struct sm_error *error, enum sm_error_class class, const char *format, ...) __attribute__((format(printf, 3, 4)));
enum { SM_ERRNO_WORDS_SIZE = 128 };
/* What the system says of `errno_value`, begun in lower case, as Go says it: "no such file or directory". In `words`. */
const char *sm_errno_words(int errno_value, char words[SM_ERRNO_WORDS_SIZE]) __attribute__((returns_nonnull));
/* The same with ": " and the system's words for `errno_value` behind the text. */
bool sm_error_set_errno(struct sm_error *error, int errno_value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "what: " before the text: each layer adds what it knows. Returns false. */
bool sm_error_wrap(struct sm_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The member of a component's options that is to blame. The first that says so counts: it is the nearest. Returns false. */
bool sm_error_blame(struct sm_error *error, const void *option);
/* Sets `is_of_start`. Returns false. */
bool sm_error_of_start(struct sm_error *error);
/* What the user may do. The first counts. Returns false. */
bool sm_error_advise(struct sm_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a file or folder that could not be opened (`errno_value`) to be read or written, if anything is to be said. Returns false. */
bool sm_error_advise_file(struct sm_error *error, int errno_value, const char *path, bool is_written);
