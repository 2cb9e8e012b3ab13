"""Which modules a number of distributions have, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from hatch_mar.torchserve.distributions import add_required, list_known, strip_submodules

GENERIC_WORDS = frozenset(
    [
        *("ai", "api", "app", "client", "common", "core", "cpu", "cuda", "data", "gpu", "lib", "library"),
        *("ml", "model", "models", "nlp", "package", "py", "python", "pytorch", "sdk", "server", "serving"),
        *("test", "tool", "tools", "torch", "util", "utils"),
    ]
)
"""Words of names that say nothing about whose they are."""
ALIKE = 4
"""Letters of a word that are enough if another word has them: `image` in `skimage`."""
MOST_WORDS = 8
"""Words of a distribution's name that are looked at one by one."""
LONGEST_WORD = 50


class Installed:
    """Distributions, given by their normalized names, together with those that they require.

    However many they are, a question takes the time of a few.
    """

    def __init__(self, distributions: Iterable[str]) -> None:
        self.given = frozenset(distributions)
        self.names = add_required(self.given)

    def has(self, module: str) -> bool:
        """Whether a distribution is known to have a module, by the table or by its name."""
        part = strip_submodules(module)
        return not self.names.isdisjoint(list_known(part)) or normalize_name(part) in self.importable

    def may_have(self, module: str) -> bool:
        """Whether a given one may have a module: its name is like the module's, or it has an extra.

        An extra may bring anything. Names are alike that have a word in common: `whisper`, `openai-whisper`.
        """
        name = normalize_name(strip_submodules(module))
        return (
            any("[" in given for given in self.given)
            or name.replace("-", "") in self.unbroken
            or any(map(self.has_word, words_of(name)))
        )

    def has_word(self, word: str) -> bool:
        """Whether a word of the given names is this one, is in it, or has it in itself."""
        parts = (word[start:end] for start in range(len(word)) for end in range(start + ALIKE, len(word) + 1))
        return word in self.words or (
            ALIKE <= len(word) <= LONGEST_WORD
            and (word in self.text or any(part in self.words for part in parts))
        )

    @cached_property
    def importable(self) -> frozenset[str]:
        """What they are imported as, such as `faiss` of `faiss-cpu`, `jwt` of `pyjwt`."""
        return frozenset(
            name
            for distribution in self.names
            for name in (
                distribution.removeprefix("python-"),
                *beginnings(distribution),
                *beginnings(distribution.removeprefix("py")),
            )
        )

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word for given in self.given for word in words_of(given))

    @cached_property
    def text(self) -> str:
        return "\n".join(self.words)

    @cached_property
    def unbroken(self) -> frozenset[str]:
        return frozenset(given.replace("-", "") for given in self.given)


def beginnings(name: str) -> Iterator[str]:
    """A name, and what is before each dash: `a`, `a-b` and `a-b-c`."""
    words = name.split("-", MOST_WORDS)
    yield name
    yield from ("-".join(words[:count]) for count in range(1, len(words)))


def words_of(name: str) -> set[str]:
    return set(name.split("-", MOST_WORDS)) - GENERIC_WORDS


def normalize_name(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503); without `packaging`, which is slow to import."""
    return re.sub(r"[-_.]+", "-", name).lower()
