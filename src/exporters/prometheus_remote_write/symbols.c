/* symbols.c - see symbols.h. */
#include "exporters/prometheus_remote_write/symbols.h"

#include "base/hash.h"

struct symbol {
    struct sm_prometheus_entry entry;
    uint32_t number;
    struct sm_slice text; /* borrowed: arena */
};

static void add_text(struct sm_write_symbols *symbols, struct sm_slice text)
{
    symbols->texts = sm_arena_grow(&symbols->arena, symbols->texts, symbols->count, &symbols->capacity, symbols->count + 1, sizeof(*symbols->texts));
    symbols->texts[symbols->count++] = text;
    symbols->bytes += text.size;
}

void sm_write_symbols_init(struct sm_write_symbols *symbols)
{
    *symbols = (struct sm_write_symbols){0};
    add_text(symbols, (struct sm_slice){0});
}

void sm_write_symbols_deinit(struct sm_write_symbols *symbols)
{
    sm_prometheus_table_deinit(&symbols->table);
    sm_arena_deinit(&symbols->arena);
}

void sm_write_symbols_clear(struct sm_write_symbols *symbols)
{
    sm_prometheus_table_clear(&symbols->table);
    sm_arena_reset(&symbols->arena);
    *symbols = (struct sm_write_symbols){.arena = symbols->arena, .table = symbols->table};
    add_text(symbols, (struct sm_slice){0});
}

static bool is_symbol(const struct sm_prometheus_entry *entry, const void *text)
{
    return sm_slice_equal(((const struct symbol *)entry)->text, *(const struct sm_slice *)text);
}

static uint32_t number_of(struct sm_write_symbols *symbols, struct sm_slice text)
{
    if (!text.size)
        return 0;
    uint32_t hash = (uint32_t)sm_hash(text);
    struct symbol *symbol = (struct symbol *)sm_prometheus_table_find(&symbols->table, hash, is_symbol, &text);
    if (!symbol) {
        symbol = sm_arena_alloc(&symbols->arena, sizeof(*symbol));
        *symbol = (struct symbol){.entry.hash = hash, .text = sm_arena_copy(&symbols->arena, text), .number = (uint32_t)symbols->count};
        sm_prometheus_table_insert(&symbols->table, &symbol->entry);
        add_text(symbols, symbol->text);
    }
    return symbol->number;
}

void sm_write_symbols_get(struct sm_write_symbols *symbols, size_t place, struct sm_slice left, struct sm_slice right, uint32_t numbers[2])
{
    struct sm_write_known *known = &symbols->_known[place % SM_WRITE_KNOWN];
    const struct sm_slice texts[] = {left, right};
    for (size_t i = 0; i < 2; i++) {
        if (!sm_slice_equal(known->texts[i], texts[i])) {
            known->numbers[i] = number_of(symbols, texts[i]);
            known->texts[i] = symbols->texts[known->numbers[i]];
        }
        numbers[i] = known->numbers[i];
    }
}

void sm_write_symbols_mark(struct sm_write_symbols *symbols)
{
    symbols->_marked_count = symbols->count;
    symbols->_marked_bytes = symbols->bytes;
}

void sm_write_symbols_back(struct sm_write_symbols *symbols)
{
    symbols->count = symbols->_marked_count;
    symbols->bytes = symbols->_marked_bytes;
}
