/* grok.c - see grok.h. */
#include "ottl/grok.h"

#include <ctype.h>

#include "base/bytes.h"

enum { DEPTH_MAX = 32, REGEX_SIZE_MAX = 256 * 1024 };

#define MONTH_NAMES                                                                                                                                  \
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
#define DAY_NAMES "Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?"
#define OCTET "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define HEX_GROUP "[0-9A-Fa-f]{1,4}"
#define REQUEST "(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:http.version})?|%{DATA})"
#define COMMON_LOG                                                                                                                                   \
    "%{IPORHOST:source.address} (?:-|%{HTTPDUSER:apache.access.user.identity}) (?:-|%{HTTPDUSER:user.name}) \\[%{HTTPDATE:timestamp}\\] "            \
    "\"" REQUEST "\" (?:-|%{INT:http.response.status_code:int}) (?:-|%{INT:http.response.body.size:int})"

static const struct {
    const char *name, *pattern;
} known[] = {
    /* text */
    {"WORD", "\\b\\w+\\b"},
    {"NOTSPACE", "\\S+"},
    {"SPACE", "\\s*"},
    {"DATA", ".*?"},
    {"GREEDYDATA", ".*"},
    {"QUOTEDSTRING", "\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'"},
    {"QS", "%{QUOTEDSTRING}"},
    {"UUID", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"},
    {"USERNAME", "[a-zA-Z0-9._-]+"},
    {"USER", "%{USERNAME}"},
    {"EMAILLOCALPART", "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*"},
    {"EMAILADDRESS", "%{EMAILLOCALPART}@%{HOSTNAME}"},
    {"LOGLEVEL", "(?i:trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|alert|emerg(?:ency)?|panic)"},
    /* numbers */
    {"INT", "[+-]?[0-9]+"},
    {"POSINT", "\\b[1-9][0-9]*\\b"},
    {"NONNEGINT", "\\b[0-9]+\\b"},
    {"BASE10NUM", "[+-]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)"},
    {"NUMBER", "%{BASE10NUM}"},
    {"BASE16NUM", "[+-]?(?:0x)?[0-9A-Fa-f]+"},
    {"BASE16FLOAT", "[+-]?(?:0x)?[0-9A-Fa-f]+(?:\\.[0-9A-Fa-f]*)?"},
    {"BOOL", "true|false"},
    /* networks */
    {"IPV4", "\\b" OCTET "(?:\\." OCTET "){3}\\b"},
    {"IPV6", "(?:" HEX_GROUP ":){7}" HEX_GROUP "|(?:" HEX_GROUP "(?::" HEX_GROUP "){0,6})?::(?:" HEX_GROUP "(?::" HEX_GROUP "){0,6})?"},
    {"IP", "(?:%{IPV6}|%{IPV4})"},
    {"HOSTNAME", "\\b[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62})(?:\\.[0-9A-Za-z][0-9A-Za-z_-]{0,62})*\\.?\\b"},
    {"IPORHOST", "(?:%{IP}|%{HOSTNAME})"},
    {"HOSTPORT", "%{IPORHOST}:%{POSINT}"},
    {"CISCOMAC", "(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}"},
    {"WINDOWSMAC", "(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"},
    {"COMMONMAC", "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"},
    {"MAC", "(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})"},
    /* paths and URIs */
    {"UNIXPATH", "(?:/[\\w_%!$@:.,+~-]*)+"},
    {"WINPATH", "(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\?*]*)+"},
    {"PATH", "(?:%{UNIXPATH}|%{WINPATH})"},
    {"URIPROTO", "[A-Za-z][A-Za-z0-9+.-]*"},
    {"URIHOST", "%{IPORHOST}(?::%{POSINT})?"},
    {"URIPATH", "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+"},
    {"URIQUERY", "[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\\[\\]<>-]*"},
    {"URIPARAM", "\\?%{URIQUERY}"},
    {"URIPATHPARAM", "%{URIPATH}(?:\\?%{URIQUERY})?"},
    {"URI", "%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?"},
    /* dates */
    {"MONTH", "\\b(?:" MONTH_NAMES ")\\b"},
    {"MONTHNUM", "0?[1-9]|1[0-2]"},
    {"MONTHNUM2", "0[1-9]|1[0-2]"},
    {"MONTHDAY", "0[1-9]|[12][0-9]|3[01]|[1-9]"},
    {"DAY", "\\b(?:" DAY_NAMES ")\\b"},
    {"YEAR", "[0-9]{4}|[0-9]{2}"},
    {"HOUR", "2[0-3]|[01]?[0-9]"},
    {"MINUTE", "[0-5][0-9]"},
    {"SECOND", "(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?"},
    {"TIME", "%{HOUR}:%{MINUTE}(?::%{SECOND})?"},
    {"DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"},
    {"DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"},
    {"DATE", "%{DATE_US}|%{DATE_EU}"},
    {"DATESTAMP", "%{DATE}[- ]%{TIME}"},
    {"ISO8601_TIMEZONE", "Z|[+-]%{HOUR}(?::?%{MINUTE})"},
    {"ISO8601_SECOND", "(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?"},
    {"TIMESTAMP_ISO8601", "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?"},
    {"TZ", "[A-Z]{3,4}"},
    {"DATESTAMP_RFC822", "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}"},
    {"DATESTAMP_RFC2822", "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}"},
    {"DATESTAMP_OTHER", "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}"},
    {"DATESTAMP_EVENTLOG", "%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}"},
    {"HTTPDATE", "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}"},
    /* syslog */
    {"SYSLOGTIMESTAMP", "%{MONTH} +%{MONTHDAY} %{TIME}"},
    {"PROG", "[\\x21-\\x5a\\x5c\\x5e-\\x7e]+"},
    {"SYSLOGPROG", "%{PROG:process.name}(?:\\[%{POSINT:process.pid:int}\\])?"},
    {"SYSLOGHOST", "%{IPORHOST}"},
    {"SYSLOGFACILITY", "<%{NONNEGINT:log.syslog.facility.code:int}.%{NONNEGINT:log.syslog.priority:int}>"},
    {"SYSLOGBASE", "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.hostname} %{SYSLOGPROG}:"},
    /* web servers */
    {"HTTPDUSER", "(?:%{EMAILADDRESS}|%{USER})"},
    {"HTTPD_COMMONLOG", COMMON_LOG},
    {"HTTPD_COMBINEDLOG", COMMON_LOG " \"(?:-|%{DATA:http.request.referrer})\" \"(?:-|%{DATA:user_agent.original})\""},
    {"COMMONAPACHELOG", "%{HTTPD_COMMONLOG}"},
    {"COMBINEDAPACHELOG", "%{HTTPD_COMBINEDLOG}"},
    /* Java */
    {"JAVACLASS", "(?:[a-zA-Z$_][a-zA-Z$_0-9]*\\.)*[a-zA-Z$_][a-zA-Z$_0-9]*"},
    {"JAVAFILE", "[a-zA-Z$_0-9. -]+"},
    {"JAVAMETHOD", "<(?:cl)?init>|[a-zA-Z$_][a-zA-Z$_0-9]*"},
};

static bool find_definition(const struct sm_ottl_grok *grok, struct sm_slice name, struct sm_slice *pattern)
{
    for (size_t i = grok->definition_count; i > 0; i--)
        if (sm_slice_equal(grok->definitions[i - 1].name, name)) {
            *pattern = grok->definitions[i - 1].pattern;
            return true;
        }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (sm_slice_is(name, known[i].name)) {
            *pattern = sm_slice_of(known[i].pattern);
            return true;
        }
    return false;
}

static enum sm_ottl_grok_type find_type(struct sm_slice word)
{
    static const struct {
        const char *word;
        enum sm_ottl_grok_type type;
    } types[] = {{"string", SM_OTTL_GROK_TEXT}, {"int", SM_OTTL_GROK_INT},   {"long", SM_OTTL_GROK_INT},    {"double", SM_OTTL_GROK_FLOAT},
                 {"float", SM_OTTL_GROK_FLOAT}, {"bool", SM_OTTL_GROK_BOOL}, {"boolean", SM_OTTL_GROK_BOOL}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (sm_slice_is(word, types[i].word))
            return types[i].type;
    return SM_OTTL_GROK_UNKNOWN;
}

struct reference {
    struct sm_slice syntax, name, type;
    size_t size; /* of the whole %{…} */
};

static size_t word_size(struct sm_slice text, size_t at, const char *more)
{
    size_t start = at;
    while (at < text.size && (isalnum((unsigned char)text.ptr[at]) || text.ptr[at] == '_' || (text.ptr[at] && strchr(more, text.ptr[at]))))
        at++;
    return at - start;
}

/* What looks like a reference but is none stays as it is. */
static bool take_reference(struct sm_slice text, size_t at, struct reference *r)
{
    static const char *const more[] = {"", "+.", ""};
    struct sm_slice *const parts[] = {&r->syntax, &r->name, &r->type};
    size_t start = at;
    *r = (struct reference){0};
    if (text.size - at < 4 || text.ptr[at] != '%' || text.ptr[at + 1] != '{')
        return false;
    at += 2;
    for (size_t i = 0; i < 3; i++) {
        size_t size = word_size(text, at, more[i]);
        if (size == 0)
            return false;
        *parts[i] = sm_slice_make(text.ptr + at, size);
        at += size;
        if (at >= text.size || text.ptr[at] != ':')
            break;
        at++;
    }
    r->size = at + 1 - start;
    return at < text.size && text.ptr[at] == '}';
}

static struct sm_slice add_group(struct sm_ottl_grok *grok, struct sm_arena *arena, struct sm_slice name, struct sm_slice type)
{
    if (grok->group_count == grok->_group_capacity)
        grok->groups = sm_arena_grow(arena, grok->groups, grok->group_count, &grok->_group_capacity, grok->group_count + 1, sizeof(*grok->groups));
    struct sm_slice group = sm_slice_of(sm_arena_printf(arena, "_grok%zu", grok->group_count));
    grok->groups[grok->group_count++] =
        (struct sm_ottl_grok_group){.group = group, .name = name, .type = type.size > 0 ? find_type(type) : SM_OTTL_GROK_TEXT};
    return group;
}

static bool expand(struct sm_ottl_grok *grok, struct sm_slice pattern, struct sm_arena *arena, struct sm_bytes *out, unsigned depth,
                   struct sm_slice *unknown)
{
    struct reference r;
    struct sm_slice definition;
    for (size_t i = 0; i < pattern.size;) {
        if (out->size > REGEX_SIZE_MAX || depth > DEPTH_MAX)
            return false;
        if (!take_reference(pattern, i, &r)) {
            sm_bytes_append_char(out, pattern.ptr[i++]);
            continue;
        }
        i += r.size;
        if (!find_definition(grok, r.syntax, &definition)) {
            *unknown = r.syntax;
            return false;
        }
        if (grok->only_named && r.name.size == 0)
            sm_bytes_append_text(out, "(?:");
        else
            sm_bytes_printf(out, "(?P<%.*s>", SM_SLICE_ARGS(add_group(grok, arena, r.name.size > 0 ? r.name : r.syntax, r.type)));
        if (!expand(grok, definition, arena, out, depth + 1, unknown))
            return false;
        sm_bytes_append_char(out, ')');
    }
    return true;
}

bool sm_ottl_grok_expand(struct sm_ottl_grok *grok, struct sm_slice pattern, struct sm_arena *arena, struct sm_slice *unknown)
{
    struct sm_bytes out;
    *unknown = (struct sm_slice){0};
    sm_bytes_init(&out, arena);
    if (!expand(grok, pattern, arena, &out, 0, unknown))
        return false;
    grok->regex = sm_bytes_slice(&out);
    return true;
}
