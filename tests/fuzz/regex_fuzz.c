/* regex_fuzz.c - any bytes as a pattern, a text and a replacement, between zero bytes: what compiles ends in bounded time, and all matches lie in the
 * text, in order. */
#include <stdint.h>
#include <stdlib.h>

#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_matches(const struct sm_regex *regex, struct sm_slice text)
{
    struct sm_regex_match match;
    size_t position = 0, last_end = SM_REGEX_NONE, count = 0;
    while (sm_regex_next(regex, text, &position, &last_end, &match)) {
        if (match.groups[0].start > match.groups[0].end || match.groups[0].end > text.size || ++count > text.size + 1)
            abort();
        for (size_t i = 1; i < match.count; i++)
            if (match.groups[i].start != SM_REGEX_NONE && (match.groups[i].start > match.groups[i].end || match.groups[i].end > text.size))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_slice rest = sm_slice_make((const char *)data, size);
    struct sm_slice pattern = sm_slice_cut(&rest, '\0'), text = sm_slice_cut(&rest, '\0');
    struct sm_error error = {0};
    struct sm_regex *regex = sm_regex_compile(pattern, &error);
    if (!regex)
        return 0;
    struct sm_bytes out = {0};
    (void)sm_regex_matches(regex, text);
    walk_matches(regex, text);
    if (text.size < 4096 && rest.size < 4096)
        sm_regex_replace_all(regex, text, rest, &out);
    sm_bytes_deinit(&out);
    sm_regex_free(regex);
    return 0;
}
