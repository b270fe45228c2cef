/* unicode.c - see unicode.h. The categories' expressions are compiled once and live as long as the process. */
#include "base/unicode.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

#include "base/regex.h"
#include "base/utf8.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t locale;
static struct sm_regex *categories[SM_UNICODE_CATEGORY_COUNT];

static void prepare(void)
{
    static const char *const patterns[SM_UNICODE_CATEGORY_COUNT] = {
        [SM_UNICODE_LETTER] = "^\\p{L}", [SM_UNICODE_UPPER] = "^\\p{Lu}", [SM_UNICODE_DIGIT] = "^\\p{Nd}"};
    struct sm_error error;
    locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    for (int i = 0; i < SM_UNICODE_CATEGORY_COUNT; i++)
        categories[i] = sm_regex_compile(sm_slice_of(patterns[i]), &error);
}

bool sm_unicode_is(enum sm_unicode_category category, uint32_t rune)
{
    char bytes[SM_UTF8_SIZE_MAX];
    pthread_once(&once, prepare);
    return categories[category] && sm_regex_matches(categories[category], sm_slice_make(bytes, sm_utf8_write(rune, bytes)));
}

uint32_t sm_unicode_upper(uint32_t rune)
{
    pthread_once(&once, prepare);
    return locale ? (uint32_t)towupper_l((wint_t)rune, locale) : rune;
}

uint32_t sm_unicode_lower(uint32_t rune)
{
    pthread_once(&once, prepare);
    return locale ? (uint32_t)towlower_l((wint_t)rune, locale) : rune;
}
