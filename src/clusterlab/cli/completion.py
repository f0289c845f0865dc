"""`clusterlab completion`: tab completion for bash and zsh."""

from __future__ import annotations

from collections.abc import Iterator

from clusterlab.cli.words import unexpected
from clusterlab.errors import UsageError, closest

HELP = """\
usage: clusterlab completion SHELL

Prints a script that completes verbs, groups, options, experiments and keys.
SHELL is bash or zsh.

examples:
  eval "$(clusterlab completion bash)"     in ~/.bashrc
  eval "$(clusterlab completion zsh)"      in ~/.zshrc
"""

# Bash treats = as a word break, so what was typed before it is taken off the answers again.
_BASH = """\
_clusterlab() {
    local line="${COMP_LINE:0:$COMP_POINT}"
    local typed="${line##* }" answer
    COMPREPLY=()
    while IFS= read -r answer; do
        case "$typed" in *=*) answer="${answer#"${typed%=*}="}" ;; esac
        COMPREPLY+=("$answer")
    done < <(clusterlab completion query $line"${line:+_}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} == 1 && "${COMPREPLY[0]}" != *[=.] ]] || compopt -o nospace 2>/dev/null
}
complete -F _clusterlab clusterlab
"""

_ZSH = """\
_clusterlab() {
    local -a answers
    answers=("${(@f)$(clusterlab completion query ${words[1,CURRENT-1]} "${words[CURRENT]}_" \
2>/dev/null)}")
    compadd -Q -S '' -- $answers
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _clusterlab clusterlab
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH}


def main(words: list[str]) -> int:
    if words[:1] == ["query"]:
        # The last word ends in a mark, so that an empty one is a word too.
        typed = [*words[2:-1], words[-1].removesuffix("_")] if len(words) > 2 else [""]
        print("\n".join(answers(typed)))
        return 0
    shells = unexpected(words, HELP, allowed=1)
    if not shells or shells[0] not in _SCRIPTS:
        named = shells[0] if shells else ""
        raise UsageError(
            f"Unknown shell '{named}'.{closest(named, _SCRIPTS)} {HELP.splitlines()[0]}"
        )
    print(_SCRIPTS[shells[0]], end="")
    return 0


def answers(typed: list[str]) -> list[str]:
    """What the last of the words typed after `clusterlab` could become."""
    from clusterlab.cli.main import VERBS

    *before, last = typed
    if not before:
        return [verb for verb in VERBS if verb.startswith(last)]
    if before[0] == "completion":
        return [shell for shell in _SCRIPTS if shell.startswith(last)]
    if before[0] == "study":
        return sorted(word for word in _of_study(before[1:], last) if word.startswith(last))
    if before[0] not in ("run", "tune", "show", "validate", "fetch", "list"):
        return []
    return sorted(word for word in _words(before[0], last) if word.startswith(last))


def _of_study(before: list[str], last: str) -> Iterator[str]:
    from clusterlab.cli.study import FLAGS
    from clusterlab.config.find import groups, studies

    if not before:
        yield from FLAGS
        return
    if before[0] not in FLAGS:
        return
    if last.startswith("-"):
        yield from FLAGS[before[0]]
    elif len(before) == 1 and before[0] != "list":
        yield from studies()
    elif before[0] in ("check", "run"):
        yield from _keys(groups())


def _words(verb: str, last: str) -> Iterator[str]:
    from clusterlab.config.find import groups

    known = groups()
    if verb == "list":
        yield from known
        return
    if verb == "validate":
        yield from known.get("experiment", {})
    for group, options in known.items():
        prefix = "+experiment" if group == "experiment" else group
        yield f"{prefix}="
        if last.startswith(f"{prefix}="):
            yield from (f"{prefix}={option}" for option in options)
    yield from _keys(known)


def _keys(known: dict[str, dict[str, str]]) -> Iterator[str]:
    """Keys that some option of a group, or the top level, has."""
    import yaml

    from clusterlab.config.find import conf_dir, written

    top = yaml.safe_load((conf_dir() / "config.yaml").read_text(encoding="utf-8"))
    yield from (f"{key}=" for key in top if key not in ("defaults", "hydra"))
    for group, options in known.items():
        if group in ("experiment", "view"):
            continue
        keys = {key for option in options for key in written(group, option)} - {"defaults"}
        node = group.replace("/", ".")
        yield from (f"{node}.{key}=" for key in keys if not key.startswith("_"))
