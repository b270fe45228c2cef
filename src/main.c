/* main.c - the program's entry; everything happens in cli/. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return sm_cli_main(argc, argv);
}
