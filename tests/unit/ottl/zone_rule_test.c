/* zone_rule_test.c - POSIX TZ rules: which texts are rules, and when it is summer by them. Moments come from the zone database by Python's zoneinfo.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "ottl/zone_rule.h"

static const char NEW_YORK[] = "EST5EDT,M3.2.0,M11.1.0", BERLIN[] = "CET-1CEST,M3.5.0,M10.5.0/3", SYDNEY[] = "AEST-10AEDT,M10.1.0,M4.1.0/3",
                  DUBLIN[] = "IST-1GMT0,M10.5.0,M3.5.0/1", TEHRAN[] = "<+0330>-3:30", GODTHAB[] = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";

static void knows_when_it_is_summer(void **test_state)
{
    (void)test_state;
    static const struct {
        const char *rule;
        int64_t seconds;
        int32_t offset;
    } rows[] = {
        {NEW_YORK, 2208988800, -18000}, {NEW_YORK, 2215061999, -18000},  {NEW_YORK, 2215062000, -14400}, {NEW_YORK, 2235621599, -14400},
        {NEW_YORK, 2235621600, -18000}, {NEW_YORK, 13553568000, -14400}, {BERLIN, 2208988800, 3600},     {BERLIN, 2216249999, 3600},
        {BERLIN, 2216250000, 7200},     {BERLIN, 2234998799, 7200},      {BERLIN, 2234998800, 3600},     {BERLIN, 13553568000, 7200},
        {SYDNEY, 2208988800, 39600},    {SYDNEY, 2216822399, 39600},     {SYDNEY, 2216822400, 36000},    {SYDNEY, 2233151999, 36000},
        {SYDNEY, 2233152000, 39600},    {SYDNEY, 13553568000, 36000},    {DUBLIN, 2208988800, 0},        {DUBLIN, 2216249999, 0},
        {DUBLIN, 2216250000, 3600},     {DUBLIN, 2234998799, 3600},      {DUBLIN, 2234998800, 0},        {DUBLIN, 13553568000, 3600},
        {TEHRAN, 2208988800, 12600},    {TEHRAN, 13553568000, 12600},    {GODTHAB, 2208988800, -7200},   {GODTHAB, 2216249999, -7200},
        {GODTHAB, 2216250000, -3600},   {GODTHAB, 2234998799, -3600},    {GODTHAB, 2234998800, -7200},   {GODTHAB, 13553568000, -3600},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_ottl_zone_rule rule;
        assert_true(sm_ottl_zone_rule_parse(rows[i].rule, strlen(rows[i].rule), &rule));
        bool is_summer = sm_ottl_zone_rule_is_summer(&rule, rows[i].seconds);
        if ((is_summer ? rule.summer.offset : rule.standard.offset) != rows[i].offset)
            fail_msg("%s at %lld: summer %d", rows[i].rule, (long long)rows[i].seconds, is_summer);
    }
}

static void refuses_what_is_no_rule(void **test_state)
{
    (void)test_state;
    static const char *const texts[] = {"",
                                        "EST",
                                        "5",
                                        "EST5EDT",
                                        "EST5EDT,",
                                        "EST5EDT,M3.2.0",
                                        "EST5EDT,M13.2.0,M11.1.0",
                                        "EST5EDT,M3.6.0,M11.1.0",
                                        "EST5EDT,M3.2.7,M11.1.0",
                                        "EST5EDT,J0,J365",
                                        "EST5EDT,0,366",
                                        "<+03-3",
                                        "EST200",
                                        "EST5EDT,M3.2.0,M11.1.0x",
                                        "AVERYLONGNAME5"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sm_ottl_zone_rule rule;
        if (sm_ottl_zone_rule_parse(texts[i], strlen(texts[i]), &rule))
            fail_msg("%s is taken", texts[i]);
    }
}

static void counts_days_with_and_without_leap_days(void **test_state)
{
    (void)test_state;
    static const char without[] = "AAA0BBB,J60/0,J61/0", with[] = "AAA0BBB,59/0,60/0";
    struct sm_ottl_zone_rule rule;
    assert_true(sm_ottl_zone_rule_parse(without, strlen(without), &rule)); /* 1 March in every year */
    assert_true(sm_ottl_zone_rule_is_summer(&rule, 2214086400 + 86400));   /* 2040-02-29 and 03-01 */
    assert_false(sm_ottl_zone_rule_is_summer(&rule, 2214086400));
    assert_true(sm_ottl_zone_rule_parse(with, strlen(with), &rule)); /* the 60th day: 29 February in leap years */
    assert_true(sm_ottl_zone_rule_is_summer(&rule, 2214086400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_when_it_is_summer), cmocka_unit_test(refuses_what_is_no_rule),
                                       cmocka_unit_test(counts_days_with_and_without_leap_days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
