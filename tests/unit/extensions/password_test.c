/* Passwords as htpasswd files keep them. The hashes were made by `openssl passwd` and by `htpasswd`. */
#include "extensions/basic_auth/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_the_right_password_of_every_form_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *kept, *right;
        enum sm_password_form form;
    } rows[] = {
        {"s3cret:with colon", "s3cret:with colon", SM_PASSWORD_PLAIN},
        {"{PLAIN}word", "word", SM_PASSWORD_PLAIN},
        {"{PLAIN}word", "{PLAIN}word", SM_PASSWORD_PLAIN},
        {"", "", SM_PASSWORD_PLAIN},
        {"$apr1$abcdefgh$mxCFjKxZ0ScsBTzJ2I/pA1", "apache", SM_PASSWORD_CRYPT},
        {"$2b$04$ZX4JQh7Lt9swaG1iIA2qBuALA.GAt44I3kh.DV3yoHPuUIkIbbAwG", "bee", SM_PASSWORD_CRYPT},
        {"{SHA}2PRZAyDhNDqRW2OUFwZQqPNdaSY=", "sha", SM_PASSWORD_SHA1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(sm_password_form(sm_slice_of(rows[i].kept)), rows[i].form);
        assert_true(sm_password_matches(sm_slice_of(rows[i].kept), sm_slice_of(rows[i].right)));
        assert_false(sm_password_matches(sm_slice_of(rows[i].kept), SM_SLICE("wrong")));
        assert_false(sm_password_matches(sm_slice_of(rows[i].kept), sm_slice_make("bee\0", 4)));
    }
}

static void knows_a_damaged_digest(void **state)
{
    (void)state;
    static const char *const rows[] = {"{SHA}", "{SHA}???", "{SHA}QUJD", "{SSHA}QUJD", "{SSHA}2QL+Oxol2hhd3CAhiNEg1Vhkxq"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(sm_password_form(sm_slice_of(rows[i])), SM_PASSWORD_BROKEN);
        assert_false(sm_password_matches(sm_slice_of(rows[i]), SM_SLICE("ABC")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_right_password_of_every_form_and_no_other),
        cmocka_unit_test(knows_a_damaged_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
