/* nearest_word.c - what a misspelt word was meant to be: Levenshtein's distance, with a limit that grows with the length of the word. */
#include "config/diags.h"

#include <string.h>

enum { WORD_MAX = 64 };

static char folded(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;
    return two < c ? two : c;
}

/* Number of insertions, deletions and changes that lead from `a` to `b`; both at most WORD_MAX long. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            size_t change = diagonal + (folded(a[i - 1]) != folded(b[j - 1]));
            row[j] = least(above + 1, row[j - 1] + 1, change);
            diagonal = above;
        }
    }
    return row[b_size];
}

const char *sm_nearest_word(const char *word, const char *const *candidates, size_t count)
{
    size_t size = strlen(word);
    if (size == 0 || size > WORD_MAX)
        return NULL;
    size_t limit = size <= 4 ? 1 : size <= 8 ? 2 : 3;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_size = strlen(candidates[i]);
        if (candidate_size > WORD_MAX || candidate_size > size + limit || size > candidate_size + limit)
            continue;
        size_t distance = edit_distance(word, size, candidates[i], candidate_size);
        if (distance <= limit && distance < candidate_size) {
            best = candidates[i];
            if (distance == 0)
                break;
            limit = distance - 1;
        }
    }
    return best;
}
