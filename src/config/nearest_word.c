/* nearest_word.c - what a misspelt word was meant to be: the distance of Damerau and Levenshtein, with a limit that grows with the length of the
 * word. */
#include "config/diags.h"

#include <string.h>

#include "base/ascii.h"

enum { WORD_MAX = 64 };

static char folded(char c)
{
    return c == '-' ? '_' : sm_ascii_lower(c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;
    return two < c ? two : c;
}

/* Number of insertions, deletions, changes and swaps of neighbours that lead from `a` to `b`; both at most WORD_MAX long. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *before_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            char x = folded(a[i - 1]), y = folded(b[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            bool is_swap = i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2]);
            if (is_swap && before_above[j - 2] + 1 < row[j])
                row[j] = before_above[j - 2] + 1;
        }
    }
    return rows[a_size % 3][b_size];
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
