/* zone_rule.c - see zone_rule.h. Source: POSIX.1-2017, chapter 8.3 (TZ); RFC 9636, chapter 3.3.1 (hours from -167 to 167). */
#include "ottl/zone_rule.h"

#include <ctype.h>
#include <string.h>

enum { DAY_S = 86400 };

struct reading {
    const char *at, *end;
};

static bool accept(struct reading *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool read_number(struct reading *r, int max, int *number)
{
    const char *start = r->at;
    *number = 0;
    while (r->at < r->end && isdigit((unsigned char)*r->at) && *number <= max)
        *number = *number * 10 + (*r->at++ - '0');
    return r->at > start && *number <= max;
}

/* "EST" or "<+0330>". */
static bool read_name(struct reading *r, char name[static 12])
{
    bool is_quoted = accept(r, '<');
    const char *start = r->at;
    while (r->at < r->end && (is_quoted ? *r->at != '>' : isalpha((unsigned char)*r->at)))
        r->at++;
    size_t size = (size_t)(r->at - start);
    if (size < 1 || size > 11 || (is_quoted && !accept(r, '>')))
        return false;
    memcpy(name, start, size);
    name[size] = '\0';
    return true;
}

/* "-2:30:15" */
static bool read_time(struct reading *r, int32_t *seconds)
{
    int hours = 0, minutes = 0, rest = 0;
    bool is_negative = accept(r, '-');
    if (!is_negative)
        accept(r, '+');
    if (!read_number(r, 167, &hours) || (accept(r, ':') && (!read_number(r, 59, &minutes) || (accept(r, ':') && !read_number(r, 59, &rest)))))
        return false;
    *seconds = (hours * 60 + minutes) * 60 + rest;
    if (is_negative)
        *seconds = -*seconds;
    return true;
}

/* "M3.2.0/2", "J60", "59". */
static bool read_date(struct reading *r, struct sm_ottl_zone_date *date)
{
    *date = (struct sm_ottl_zone_date){.kind = SM_OTTL_ZONE_DAY, .time = 2 * 3600};
    bool is_fine;
    if (accept(r, 'M')) {
        date->kind = SM_OTTL_ZONE_WEEKDAY;
        is_fine = read_number(r, 12, &date->month) && accept(r, '.') && read_number(r, 5, &date->week) && accept(r, '.') &&
                  read_number(r, 6, &date->day) && date->month > 0 && date->week > 0;
    } else {
        if (accept(r, 'J'))
            date->kind = SM_OTTL_ZONE_DAY_WITHOUT_LEAP;
        is_fine = read_number(r, 365, &date->day) && (date->kind == SM_OTTL_ZONE_DAY || date->day > 0);
    }
    return is_fine && (!accept(r, '/') || read_time(r, &date->time));
}

bool sm_ottl_zone_rule_parse(const char *text, size_t size, struct sm_ottl_zone_rule *rule)
{
    struct reading r = {text, text + size};
    int32_t west;
    *rule = (struct sm_ottl_zone_rule){0};
    if (!read_name(&r, rule->standard.name) || !read_time(&r, &west))
        return false;
    rule->standard.offset = -west;
    if (r.at == r.end)
        return true;
    rule->has_summer = true;
    if (!read_name(&r, rule->summer.name))
        return false;
    rule->summer.offset = rule->standard.offset + 3600;
    if (r.at < r.end && *r.at != ',') {
        if (!read_time(&r, &west))
            return false;
        rule->summer.offset = -west;
    }
    return accept(&r, ',') && read_date(&r, &rule->start) && accept(&r, ',') && read_date(&r, &rule->end) && r.at == r.end;
}

/* ---- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1 January 1970 to 1 January of `year`. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1; /* complete years since year 0 */
    return 365 * (year - 1970) + (past / 4 - past / 100 + past / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int days_before_month(int month, bool leap)
{
    static const int days[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return days[month - 1] + (leap && month > 2);
}

/* The day of the year, from 0. */
static int day_of_year(const struct sm_ottl_zone_date *date, int64_t year)
{
    bool leap = is_leap(year);
    if (date->kind == SM_OTTL_ZONE_DAY)
        return date->day;
    if (date->kind == SM_OTTL_ZONE_DAY_WITHOUT_LEAP)
        return date->day - 1 + (leap && date->day > 59);
    int first = days_before_month(date->month, leap), next = date->month == 12 ? 365 + leap : days_before_month(date->month + 1, leap);
    int weekday = (int)((days_before_year(year) + first + 4) % 7); /* 1970 began on a Thursday */
    int day = first + (date->day - weekday + 7) % 7 + 7 * (date->week - 1);
    while (day >= next)
        day -= 7;
    return day;
}

static int64_t moment(const struct sm_ottl_zone_date *date, int64_t year, int32_t offset)
{
    return (days_before_year(year) + day_of_year(date, year)) * DAY_S + date->time - offset;
}

bool sm_ottl_zone_rule_is_summer(const struct sm_ottl_zone_rule *rule, int64_t seconds)
{
    if (!rule->has_summer || seconds < 0) /* files list what was before */
        return false;
    int64_t local = seconds + rule->standard.offset, year = 1970 + local / (365 * (int64_t)DAY_S + DAY_S / 4);
    while (days_before_year(year + 1) * DAY_S <= local)
        year++;
    while (days_before_year(year) * DAY_S > local)
        year--;
    int64_t start = moment(&rule->start, year, rule->standard.offset), end = moment(&rule->end, year, rule->summer.offset);
    return start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end;
}
