"""What a captioner is taught to write about each class, and which class its captions name."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clusterlab.errors import ComponentError, DataError

PLACE = "{class}"


@dataclass(frozen=True)
class Captions:
    """The captions of some classes.

    template: words around PLACE, where the class's name goes, its underscores read as spaces.
    classes: their names. tokens: of each caption, without those that begin and end it. told: each
    caption as the model's tokenizer reads it back, which may lack accents and capitals.

    >>> captions = Captions("An image of {class}.", ("cake", "carrot_cake"), (), ())
    >>> captions.text("carrot_cake")
    'An image of carrot cake.'
    >>> captions.named("an image of  Carrot-Cake !"), captions.named("some cake on a plate")
    (1, 0)
    >>> captions.named("a plate") is None
    True
    """

    template: str
    classes: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    told: tuple[str, ...]

    @classmethod
    def of(cls, template: str, classes: Sequence[str], tokenizer: Any) -> Captions:
        """Raises DataError where two classes cannot be told apart by their captions."""
        texts = [_filled(template, name) for name in classes]
        tokens = [tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
        told = [tokenizer.decode(list(ids), skip_special_tokens=True) for ids in tokens]
        seen: dict[str, str] = {}
        for name, text in zip(classes, told, strict=True):
            other = seen.setdefault(plain(text), name)
            if other != name:
                raise DataError(
                    f"The captions of the classes '{other}' and '{name}' both read '{plain(text)}' "
                    "without capitals, accents, punctuation and letters that the model does not "
                    "know, so that no caption could tell them apart. Rename one of them, or leave "
                    f"one out: finetune.rebalance.drop_classes='[{name}]'."
                )
        return cls(template, tuple(classes), tuple(tokens), tuple(told))

    def check_length(self, limit: int) -> None:
        """Raises ComponentError where a caption has more than `limit` tokens."""
        longest = max(range(len(self.tokens)), key=lambda row: len(self.tokens[row]))
        needed = len(self.tokens[longest])
        if needed > limit:
            raise ComponentError(
                f"The caption of the class '{self.classes[longest]}' has {needed} tokens, and "
                f"extractor.max_new_tokens={limit} would cut it off. Use "
                f"extractor.max_new_tokens={needed}, or a shorter finetune.template."
            )

    def text(self, name: str) -> str:
        """The caption of a class."""
        return _filled(self.template, name)

    def named(self, caption: str) -> int | None:
        """The row of the class that a caption names: whose caption it is, or else whose name, the
        longest that there is, the caption has as whole words in the class's place. None for none.

        Capitals, accents, punctuation and further spaces make no difference.
        """
        said = plain(caption)
        if said in self._whole:
            return self._whole[said]
        part = f" {self._in_place(said)} "
        found = [(-len(name), part.find(name), row) for name, row in self._names if name in part]
        return min(found)[2] if found else None

    @cached_property
    def _whole(self) -> dict[str, int]:
        rows = {plain(text): row for row, text in enumerate(self.told)}
        return {plain(self.text(name)): row for row, name in enumerate(self.classes)} | rows

    @cached_property
    def _names(self) -> list[tuple[str, int]]:
        names = [(plain(name), row) for row, name in enumerate(self.classes)]
        return [(f" {name} ", row) for name, row in names if name]

    def _in_place(self, said: str) -> str:
        """What stands in the class's place where the template is around it; all, where it is not.

        The template's own words may be the name of a class.
        """
        before, _, after = self.template.partition(PLACE)
        opening, ending = f"{plain(before)} ".lstrip(), f" {plain(after)}".rstrip()
        if said.startswith(opening) and said.endswith(ending):
            return said[len(opening) : len(said) - len(ending)]
        return said


def plain(text: str) -> str:
    """Lower-case words without accents and punctuation, one space between them.

    >>> plain("  Crème-brûlée, twice! ")
    'creme brulee twice'
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (" " if not c.isalnum() else c for c in letters if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _filled(template: str, name: str) -> str:
    return template.replace(PLACE, " ".join(name.replace("_", " ").split()))
