/* completion.c - spanmill completion: scripts for the shells, made from the table of commands. */
#include <string.h>

#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"

static void print_command_names(void)
{
    for (size_t i = 0; i < sm_cli_command_count; i++)
        printf("%s%s", i ? " " : "", sm_cli_commands[i].name);
}

static void print_bash(void)
{
    printf("# bash completion of spanmill; load it with: source <(spanmill completion bash)\n"
           "_spanmill() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    case $before in\n"
           "        --config|--file|--ca-file|--cert-file|--key-file) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
           "        --context) COMPREPLY=($(compgen -W 'resource scope span spanevent metric datapoint log' -- \"$word\")); return ;;\n"
           "        --signal) COMPREPLY=($(compgen -W 'traces metrics logs' -- \"$word\")); return ;;\n"
           "        --output) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
           "        --feature-gates) COMPREPLY=($(compgen -W \"$(spanmill featuregate | awk 'NR > 1 {print $1}')\" -- \"$word\")); return ;;\n"
           "        components) COMPREPLY=($(compgen -W \"$(spanmill components | sed -n 's/^    - name: //p')\" -- \"$word\")); return ;;\n"
           "        completion) COMPREPLY=($(compgen -W 'bash zsh' -- \"$word\")); return ;;\n"
           "    esac\n"
           "    if [[ $word == -* ]]; then\n"
           "        local flags='--config --set --feature-gates --help --version'\n"
           "        case ${COMP_WORDS[1]} in\n"
           "            send) flags='--endpoint --count --rate --header --tls --ca-file --cert-file --key-file --server-name --insecure-skip-verify "
           "--help' ;;\n"
           "            top) flags='--once --interval --pid --socket --help' ;;\n"
           "            ottl) flags='--context --file --signal --help' ;;\n"
           "            docs) flags='--output --help' ;;\n"
           "        esac\n"
           "        COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n"
           "    elif [[ $COMP_CWORD == 1 ]]; then\n"
           "        COMPREPLY=($(compgen -W '");
    print_command_names();
    printf("' -- \"$word\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _spanmill spanmill\n");
}

static void print_zsh(void)
{
    printf("#compdef spanmill\n"
           "# zsh completion of spanmill; put it as _spanmill into a folder of $fpath\n"
           "local -a commands\n"
           "commands=(\n");
    for (size_t i = 0; i < sm_cli_command_count; i++)
        printf("    '%s:%s'\n", sm_cli_commands[i].name, sm_cli_commands[i].help);
    printf(")\n"
           "_arguments \\\n"
           "    '*--config[configuration]:file:_files' \\\n"
           "    '*--set[one setting]:key=value:' \\\n"
           "    '*--feature-gates[feature gates]:gates:' \\\n"
           "    '(-h --help)'{-h,--help}'[help]' \\\n"
           "    '(-v --version)'{-v,--version}'[version]' \\\n"
           "    '1:command:{_describe command commands}' \\\n"
           "    '*:argument:_files'\n");
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
    else
        return sm_cli_fail("name the shell: spanmill completion bash, or zsh");
    return 0;
}
