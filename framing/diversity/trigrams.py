"""Word trigrams, the measure of what two texts have in common."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def word_trigrams(text: str) -> set[str]:
    """Return every run of three words, in small letters and without punctuation.

    >>> sorted(word_trigrams("No, we didn't do it."))
    ["didn't do it", "no we didn't", "we didn't do"]
    """
    words = _WORD.findall(text.lower().replace("’", "'"))
    return {" ".join(words[start : start + 3]) for start in range(len(words) - 2)}
