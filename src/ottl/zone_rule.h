/* zone_rule.h - the rule that a zone follows behind the transitions its file lists: a POSIX TZ text such as "EST5EDT,M3.2.0,M11.1.0". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_ottl_zone_time {
    int32_t offset; /* seconds east of Greenwich */
    char name[12];
};

struct sm_ottl_zone_rule {
    struct sm_ottl_zone_time standard, summer;
    bool has_summer;
    struct sm_ottl_zone_date {
        enum { SM_OTTL_ZONE_WEEKDAY, SM_OTTL_ZONE_DAY_WITHOUT_LEAP, SM_OTTL_ZONE_DAY } kind;
        int month, week, day; /* WEEKDAY: day 0 … 6 of week 1 … 5 (the last); others: day of the year, from 1 (without 29 February) or from 0 */
        int32_t time;         /* seconds of that day, in the time then in force; may be negative or above a day */
    } start, end;             /* of summer time */
};

/* False: it is no such text. */
bool sm_ottl_zone_rule_parse(const char *text, size_t size, struct sm_ottl_zone_rule *rule) __attribute__((warn_unused_result));
bool sm_ottl_zone_rule_is_summer(const struct sm_ottl_zone_rule *rule, int64_t seconds);
