/* featuregate.c - spanmill featuregate: the feature gates and what becomes of them here. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/flags.h"
#include "config/gates.h"

int sm_cli_featuregate(int argc, char **argv)
{
    if (!sm_flags_read(NULL, 0, argc, argv, NULL))
        return 1;
    static const char *const effects[] = {
        [SM_GATE_EFFECT_OBSERVED] = "", [SM_GATE_EFFECT_NEUTRAL] = " (no difference here)", [SM_GATE_EFFECT_FIXED] = " (cannot be changed)"};
    printf("%-62s %-8s %-6s %s\n", "ID", "Enabled", "Stage", "Description");
    for (enum sm_gate gate = 0; gate < SM_GATE_COUNT; gate++) {
        const struct sm_gate_row *row = sm_gate_describe(gate);
        printf("%-62s %-8s %-6s %s%s\n", row->id, sm_gate_is_on(gate) ? "true" : "false", row->stage == SM_GATE_STAGE_ALPHA ? "Alpha" : "Beta",
               row->help, effects[row->effect]);
    }
    return 0;
}
