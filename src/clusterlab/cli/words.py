"""Reads flags out of a command line whose other words are Hydra's."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.errors import UsageError, closest


def take_flag(words: list[str], *names: str) -> bool:
    """Whether one of these flags is there; it is taken out of `words`."""
    found = [word for word in words if word in names]
    for word in found:
        words.remove(word)
    return bool(found)


def take_value(words: list[str], name: str) -> str | None:
    """The value of `--name VALUE` or `--name=VALUE`, taken out of `words`; None where absent."""
    for index, word in enumerate(words):
        if word.startswith(f"{name}="):
            del words[index]
            return word.removeprefix(f"{name}=")
        if word == name:
            if index + 1 == len(words):
                raise UsageError(f"{name} needs a value.")
            value = words[index + 1]
            del words[index : index + 2]
            return value
    return None


def unexpected(words: list[str], help_text: str, *, allowed: int) -> list[str]:
    """The plain words that are left. Raises UsageError for unknown flags or too many words."""
    usage = " ".join(help_text.partition("\n\n")[0].split())
    flags = [word for word in words if word.startswith("-")]
    if flags:
        known = [part.strip("[]") for part in usage.split() if part.startswith("[--")]
        raise UsageError(f"Unknown flag '{flags[0]}'.{closest(flags[0], known)} {usage}")
    if len(words) > allowed:
        raise UsageError(f"Unexpected word '{words[allowed]}'. {usage}")
    return words


def is_override(word: str) -> bool:
    """Whether a word is Hydra's key=value, or ~key."""
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def check_words(words: Sequence[str], verb: str, *, takes_value: Sequence[str] = ()) -> None:
    """Raises UsageError for a bare word: people type the name of an experiment as it is.

    takes_value: flags that are followed by a word.
    """
    from clusterlab.config.find import groups

    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("-") or is_override(word) or before in takes_value:
            continue
        known = groups().get("experiment", {})
        hint = f" Did you mean +experiment={word}?" if word in known else closest(word, known)
        hint = f" Write {word}=VALUE." if "." in word else hint
        raise UsageError(f"'{word}' is not key=value.{hint} See: clusterlab {verb} --help.")
