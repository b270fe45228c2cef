/* html.h - pages of the extension zpages: a frame, and texts that are safe in it. */
#pragma once

#include "base/bytes.h"

void sm_html_begin(struct sm_bytes *page, const char *title);
void sm_html_end(struct sm_bytes *page);
/* `text` with the characters that HTML reserves written as references. */
void sm_html_text(struct sm_bytes *page, const char *text);
/* The same for the value of a query parameter in a link. */
void sm_html_query(struct sm_bytes *page, const char *text);
/* A table: begin, its head cells (NULL-terminated; NULL: none), rows of the caller's, end. */
void sm_html_table_begin(struct sm_bytes *page, const char *const *heads);
void sm_html_table_end(struct sm_bytes *page);
/* A row of two cells. */
void sm_html_pair(struct sm_bytes *page, const char *name, const char *value);
