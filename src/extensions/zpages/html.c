/* html.c - see html.h. One style sheet, in the page: nothing is loaded from elsewhere. */
#include "extensions/zpages/html.h"

#include <ctype.h>

static const char style[] = ":root{color-scheme:light dark;--line:#8883;--soft:#8881;--link:#2563eb}"
                            "@media(prefers-color-scheme:dark){:root{--link:#7aa2ff}}"
                            "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1.25rem}"
                            "nav{display:flex;gap:1.25rem;padding-bottom:.75rem;border-bottom:1px solid var(--line);margin-bottom:1.5rem}"
                            "nav b{margin-right:auto}a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
                            "h1{font-size:1.5rem;margin:.5rem 0 1rem}h2{font-size:1.05rem;margin:1.75rem 0 .5rem}"
                            "div.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}"
                            "th,td{text-align:left;vertical-align:top;padding:.45rem .75rem;border-bottom:1px solid var(--line)}"
                            "th{font-weight:600;white-space:nowrap}tr:hover td{background:var(--soft)}"
                            "code{font:13px ui-monospace,monospace}.on{color:#16a34a}.off{opacity:.6}";

void sm_html_text(struct sm_bytes *page, const char *text)
{
    static const char *const references[] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&#34;", ['\''] = "&#39;"};
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < sizeof(references) / sizeof(references[0]) && references[c])
            sm_bytes_append_text(page, references[c]);
        else
            sm_bytes_append_char(page, *text);
    }
}

void sm_html_query(struct sm_bytes *page, const char *text)
{
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || *text == '_' || *text == '-' || *text == '.')
            sm_bytes_append_char(page, *text);
        else
            sm_bytes_printf(page, "%%%02x", (unsigned char)*text);
    }
}

void sm_html_begin(struct sm_bytes *page, const char *title)
{
    sm_bytes_append_text(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    sm_html_text(page, title);
    sm_bytes_append_text(page, "</title><meta name=\"viewport\" content=\"width=device-width\"><style>");
    sm_bytes_append_text(page, style);
    sm_bytes_append_text(page, "</style></head>\n<body>\n<nav><b>spanmill</b><a href=\"servicez\">Service</a><a href=\"pipelinez\">Pipelines</a>"
                               "<a href=\"extensionz\">Extensions</a><a href=\"featurez\">Features</a></nav>\n<h1>");
    sm_html_text(page, title);
    sm_bytes_append_text(page, "</h1>\n");
}

void sm_html_end(struct sm_bytes *page)
{
    sm_bytes_append_text(page, "</body>\n</html>\n");
}

void sm_html_table_begin(struct sm_bytes *page, const char *const *heads)
{
    sm_bytes_append_text(page, "<div class=\"wide\"><table>\n");
    if (!heads)
        return;
    sm_bytes_append_text(page, "<tr>");
    for (; *heads; heads++) {
        sm_bytes_append_text(page, "<th>");
        sm_html_text(page, *heads);
        sm_bytes_append_text(page, "</th>");
    }
    sm_bytes_append_text(page, "</tr>\n");
}

void sm_html_table_end(struct sm_bytes *page)
{
    sm_bytes_append_text(page, "</table></div>\n");
}

void sm_html_pair(struct sm_bytes *page, const char *name, const char *value)
{
    sm_bytes_append_text(page, "<tr><th>");
    sm_html_text(page, name);
    sm_bytes_append_text(page, "</th><td>");
    sm_html_text(page, value);
    sm_bytes_append_text(page, "</td></tr>\n");
}
