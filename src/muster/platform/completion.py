"""Completion in bash, zsh and fish: what may follow the words of a command line that is being typed.

Shells ask `muster completion SHELL --words …` for rows of a word and what it means. Commands, options and the values of options
that have a few are told; for everything else the shell offers files. Never runs a command, and never reads a home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SCRIPTS: Mapping[str, str] = {
    "bash": """\
# For ~/.bashrc: source <(muster completion bash)
_muster() {
    local IFS=$'\n'
    COMPREPLY=($(command "$1" completion bash --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _muster muster
""",
    "zsh": """\
#compdef muster
# For ~/.zshrc, behind compinit: source <(muster completion zsh)
_muster() {
    local -a found
    found=("${(@f)$(command "$words[1]" completion zsh --words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then
        _describe muster found
    else
        _files
    fi
}
if [[ "$funcstack[1]" = _muster ]]; then
    _muster "$@"
else
    compdef _muster muster
fi
""",
    "fish": """\
# For ~/.config/fish/completions/muster.fish
function __muster_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command $words[1] completion fish --words $words[2..-1] 2>/dev/null)
    if test -n "$found"
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c muster -f -a '(__muster_complete)'
""",
}
MEANING_WIDTH = 80
HELP = ("--help", "what there is to say")
_CHOICES = re.compile(r"[a-z-]+(\|[a-z-]+)+")
Row = tuple[str, str]


def rows_for(command: Any, words: Sequence[str]) -> list[Row]:
    """What may stand in place of the last of `words`, which follow `command` (of typer), each with what it means."""
    *before, started = words
    expected: Any = None
    arguments = 0
    only_arguments = False
    for word in before:
        if expected is not None:
            expected = None
        elif word == "--":
            only_arguments = True
        elif word.startswith("-") and not only_arguments:
            expected = _takes_value(command, word)
        elif hasattr(command, "commands"):
            command = command.commands.get(word)
            if command is None:
                return []
        else:
            arguments += 1
    if expected is not None:
        found = list(_choices(expected))
    elif started.startswith("-") and not only_arguments:
        found = [*_options(command), HELP]
    elif hasattr(command, "commands"):
        found = [
            (name, sub.get_short_help_str(MEANING_WIDTH)) for name, sub in command.commands.items() if not sub.hidden
        ]
    else:
        places = [p for p in command.params if p.param_type_name == "argument"]
        found = list(_choices(places[arguments])) if arguments < len(places) else []
    return beginning(found, started)


def beginning(rows: Sequence[Row], started: str) -> list[Row]:
    """Those that begin so."""
    return [row for row in rows if row[0].startswith(started)]


def written(shell: str, rows: Sequence[Row]) -> str:
    """Rows as a shell reads them."""
    if shell == "bash":
        return "".join(f"{word}\n" for word, _ in rows)
    if shell == "zsh":
        return "".join(f"{_escaped(word)}:{_escaped(means)}\n" for word, means in rows)
    return "".join(f"{word}\t{means}\n" for word, means in rows)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _takes_value(command: Any, word: str) -> Any:
    """The option that a word names when its value is the next word, otherwise None."""
    for option in command.params:
        if word in option.opts:
            return None if getattr(option, "is_flag", False) else option
    return None


def _options(command: Any) -> Iterator[Row]:
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            means = " ".join((option.help or "").split())
            yield from ((name, means) for name in (*option.opts, *option.secondary_opts) if name.startswith("--"))


def _choices(parameter: Any) -> Iterator[Row]:
    """Of a value that is written like ``on|off``."""
    if _CHOICES.fullmatch(parameter.metavar or ""):
        yield from ((choice, "") for choice in parameter.metavar.split("|"))
