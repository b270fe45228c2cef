/* Names and slow passwords: who may send, and what those who may not can cost. The hashes were made by crypt(3). */
#include "extensions/basic_auth/htpasswd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"

/* "right", of 60 ms or so; "right" and 80 times "x". */
static const char lines[] = "ann:$2b$10$bahiTrfSOndcJpkOKUD3quQ2wQSCyc9bC4fiPoMVjnMR99IPI4672\n"
                            "bob:$2b$08$YSC.dkJk/5pJuTzmBH4Mx.dRUIDFlXL06mkeCT11338a7J216Hnhe\n"
                            "eve:plain\n";

static struct sm_htpasswd *create(void)
{
    struct sm_error error;
    struct sm_htpasswd *users = sm_htpasswd_create("", lines, NULL, &error);
    assert_non_null(users);
    return users;
}

/* The class of the refusal; SM_ERROR_NONE: it fits. */
static enum sm_error_class try(struct sm_htpasswd *users, const char *name, const char *password)
{
    struct sm_error error;
    return sm_htpasswd_matches(users, sm_slice_of(name), sm_slice_of(password), &error) ? SM_ERROR_NONE : error.class;
}

static enum sm_error_class try_number(struct sm_htpasswd *users, unsigned number)
{
    char password[16];
    snprintf(password, sizeof(password), "wrong%u", number);
    return try(users, "ann", password);
}

static void wrong_passwords_cost_nothing_once_the_right_one_is_known(void **state)
{
    (void)state;
    enum { TRIES = 2000 }; /* two minutes of bcrypt */
    struct sm_htpasswd *users = create();
    assert_int_equal(try(users, "ann", "right"), SM_ERROR_NONE);
    uint64_t start_ns = thread_cpu_ns();
    for (unsigned i = 0; i < TRIES; i++)
        assert_int_equal(try_number(users, i), SM_ERROR_USAGE);
    assert_int_equal(try(users, "ann", "right"), SM_ERROR_NONE);
    assert_true(thread_cpu_ns() - start_ns < 10 * SM_NS_PER_S);
    sm_htpasswd_free(users);
}

static void wrong_passwords_have_little_time_before(void **state)
{
    (void)state;
    struct sm_htpasswd *users = create();
    unsigned count = 0;
    enum sm_error_class class;
    while ((class = try_number(users, count)) == SM_ERROR_USAGE && count < 2000)
        count++;
    assert_int_equal(class, SM_ERROR_BUSY);
    /* Remembered ones are answered as before, and those that cost nothing too. */
    assert_int_equal(try_number(users, count - 1), SM_ERROR_USAGE);
    assert_int_equal(try(users, "eve", "plain"), SM_ERROR_NONE);
    assert_int_equal(try(users, "nobody", "plain"), SM_ERROR_USAGE);
    /* Time makes it good. */
    while ((class = try(users, "ann", "right")) == SM_ERROR_BUSY)
        continue;
    assert_int_equal(class, SM_ERROR_NONE);
    sm_htpasswd_free(users);
}

static void bcrypt_looks_at_72_bytes_of_a_password(void **state)
{
    (void)state;
    char password[96] = "right";
    struct sm_htpasswd *users = create();
    memset(password + 5, 'x', 80);
    assert_int_equal(try(users, "bob", password), SM_ERROR_NONE);
    password[72] = 'y';
    assert_int_equal(try(users, "bob", password), SM_ERROR_NONE);
    password[71] = 'y';
    assert_int_equal(try(users, "bob", password), SM_ERROR_USAGE);
    sm_htpasswd_free(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_passwords_cost_nothing_once_the_right_one_is_known),
        cmocka_unit_test(wrong_passwords_have_little_time_before),
        cmocka_unit_test(bcrypt_looks_at_72_bytes_of_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
