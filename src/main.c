/* main.c - the program's entry; everything happens in cli/. */
#include <stdio.h>

int main(void)
{
    puts("spanmill " SPANMILL_VERSION);
    return 0;
}
