/* list.h - arrays that grow by doubling, as a pair of macros: SM_LIST(uint32_t) dirty; *SM_LIST_ADD(&dirty) = 7; free(dirty.items). */
#pragma once

#include <stddef.h>

#include "base/memory.h"

#define SM_LIST(type)                                                                                                                                \
    struct {                                                                                                                                         \
        type *items; /* owned */                                                                                                                     \
        size_t count, capacity;                                                                                                                      \
    }

/* The place of a new element, not initialised. `list` is evaluated several times. */
#define SM_LIST_ADD(list)                                                                                                                            \
    (((list)->count == (list)->capacity ? (void)((list)->capacity = (list)->capacity ? (list)->capacity * 2 : 16,                                    \
                                                 (list)->items = sm_realloc((list)->items, (list)->capacity, sizeof(*(list)->items)))                \
                                        : (void)0),                                                                                                  \
     &(list)->items[(list)->count++])

/* Empties it and gives its memory back. */
#define SM_LIST_CLEAR(list) (free((list)->items), (list)->items = NULL, (list)->count = 0, (list)->capacity = 0)
