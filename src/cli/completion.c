/* completion.c - spanmill completion: scripts for the shells, made from the table of commands. */
#include <string.h>

#include "base/slice.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"

#define CONFIG_FLAGS "--config --set --feature-gates --config.format"

static void print_command_names(void)
{
    for (size_t i = 0; i < sm_cli_command_count; i++)
        printf("%s%s", i ? " " : "", sm_cli_commands[i].name);
}

/* What can follow a command's word; --help can follow all of them. */
static const struct {
    const char *command, *flags;
} command_flags[] = {
    {"run", CONFIG_FLAGS " --welcome --workers"},
    {"agent", CONFIG_FLAGS " --welcome --workers"},
    {"validate", CONFIG_FLAGS},
    {"print-config", CONFIG_FLAGS " --format --mode"},
    {"convert", "--from --to --output"},
    {"fmt", "--write --test"},
    {"send", "--endpoint --count --rate --header --tls --ca-file --cert-file --key-file --server-name --insecure-skip-verify"},
    {"top", "--once --interval --pid --socket"},
    {"ottl", "--context --file --signal"},
    {"docs", "--output"},
    {"components|featuregate|schema|completion|version|help", ""},
};

/* The values of flags and commands that take one of few. */
static const struct {
    const char *before, *words;
} word_lists[] = {
    {"--config.format", "yaml alloy river datadog-agent"},
    {"--from|-f", "collector alloy river datadog-agent"},
    {"--to|-t", "collector alloy"},
    {"--mode", "redacted unredacted"},
    {"--format", "yaml json"},
    {"--context", "resource scope span spanevent metric datapoint log"},
    {"--signal", "traces metrics logs"},
    {"completion", "bash zsh fish"},
};

static void print_bash(void)
{
    printf("# bash completion of spanmill; load it with: source <(spanmill completion bash)\n"
           "_spanmill() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    case $before in\n"
           "        --config|--file|--ca-file|--cert-file|--key-file|--output|-o) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
           "        --feature-gates) COMPREPLY=($(compgen -W \"$(spanmill featuregate | awk 'NR > 1 {print $1}')\" -- \"$word\")); return ;;\n"
           "        components) COMPREPLY=($(compgen -W \"$(spanmill components | sed -n 's/^    - name: //p')\" -- \"$word\")); return ;;\n");
    for (size_t i = 0; i < sizeof(word_lists) / sizeof(word_lists[0]); i++)
        printf("        %s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", word_lists[i].before, word_lists[i].words);
    printf("    esac\n"
           "    if [[ $word == -* ]]; then\n"
           "        local flags='" CONFIG_FLAGS " --version'\n"
           "        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < sizeof(command_flags) / sizeof(command_flags[0]); i++)
        printf("            %s) flags='%s' ;;\n", command_flags[i].command, command_flags[i].flags);
    printf("        esac\n"
           "        COMPREPLY=($(compgen -W \"$flags --help\" -- \"$word\"))\n"
           "    elif [[ $COMP_CWORD == 1 ]]; then\n"
           "        COMPREPLY=($(compgen -W '");
    print_command_names();
    printf("' -- \"$word\"))\n"
           "    elif [[ ${COMP_WORDS[1]} == @(convert|fmt) ]]; then\n"
           "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _spanmill spanmill\n");
}

/* Between single quotes of the shell. */
static void print_quoted(const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
}

static void print_zsh(void)
{
    printf("#compdef spanmill\n"
           "# zsh completion of spanmill; put it as _spanmill into a folder of $fpath\n"
           "local -a commands\n"
           "commands=(\n");
    for (size_t i = 0; i < sm_cli_command_count; i++) {
        printf("    '%s:", sm_cli_commands[i].name);
        print_quoted(sm_cli_commands[i].help);
        puts("'");
    }
    printf(")\n"
           "_arguments \\\n"
           "    '*--config[configuration]:file:_files' \\\n"
           "    '*--set[one setting]:key=value:' \\\n"
           "    '*--feature-gates[feature gates]:gates:' \\\n"
           "    '--config.format[language of the files]:format:(yaml alloy river datadog-agent)' \\\n"
           "    '(-h --help)'{-h,--help}'[help]' \\\n"
           "    '(-v --version)'{-v,--version}'[version]' \\\n"
           "    '1:command:{_describe command commands}' \\\n"
           "    '*:argument:_files'\n");
}

/* Flags by their words, each with the few values it takes, if it does. */
static void print_fish_flags(const char *command, const char *flags)
{
    struct sm_slice rest = sm_slice_of(flags);
    while (rest.size > 0) {
        struct sm_slice flag = sm_slice_cut(&rest, ' ');
        if (flag.size <= 2)
            continue;
        const char *values = NULL;
        for (size_t i = 0; i < sizeof(word_lists) / sizeof(word_lists[0]); i++) {
            struct sm_slice before = sm_slice_of(word_lists[i].before);
            if (sm_slice_equal(sm_slice_cut(&before, '|'), flag))
                values = word_lists[i].words;
        }
        printf("complete -c spanmill -n '__fish_seen_subcommand_from %s' -l %.*s", command, (int)flag.size - 2, flag.ptr + 2);
        printf(values ? " -x -a '%s'\n" : "\n", values);
    }
}

static void print_fish(void)
{
    printf("# fish completion of spanmill; load it with: spanmill completion fish | source\n"
           "complete -c spanmill -s h -l help -d 'help'\n"
           "complete -c spanmill -s v -l version -d 'version'\n");
    for (size_t i = 0; i < sm_cli_command_count; i++) {
        printf("complete -c spanmill -n __fish_use_subcommand -f -a %s -d '", sm_cli_commands[i].name);
        print_quoted(sm_cli_commands[i].help);
        puts("'");
    }
    for (size_t i = 0; i < sizeof(command_flags) / sizeof(command_flags[0]); i++)
        print_fish_flags(command_flags[i].command, command_flags[i].flags);
    printf("complete -c spanmill -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
}

int sm_cli_completion(int argc, char **argv)
{
    struct sm_flag_values shells = {0};
    if (!sm_flags_read(NULL, 0, argc, argv, &shells))
        return 1;
    if (shells.count == 1 && strcmp(shells.items[0], "bash") == 0)
        print_bash();
    else if (shells.count == 1 && strcmp(shells.items[0], "zsh") == 0)
        print_zsh();
    else if (shells.count == 1 && strcmp(shells.items[0], "fish") == 0)
        print_fish();
    else
        return sm_cli_fail("name the shell: spanmill completion bash, zsh or fish");
    return 0;
}
