"""Near-duplicates: pairs of texts that share more than half of their words in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from framing.diversity.trigrams import word_trigrams

if TYPE_CHECKING:
    from rensa import RMinHash

SIMILARITY = 0.5
"""Jaccard similarity of word trigrams above which two texts are near-duplicates."""

_N_PERMUTATIONS = 128
# A pair with as many trigrams shared as not is proposed with probability 1 - (1 - 0.5²)^64, all but
# one in 10⁸; most pairs of news share under one in a hundred and are proposed one time in 150.
_BAND = 2
# The estimate from 128 permutations has a standard deviation of 0.044 at 0.5: 4.5 of them below.
_PROMISING = 0.3


@dataclass(frozen=True, order=True)
class NearDuplicate:
    """Two texts and the share in [0, 1] of their word trigrams that both hold."""

    first: str
    second: str
    similarity: float


def near_duplicates(texts: Mapping[str, str]) -> list[NearDuplicate]:
    """Return the pairs of texts whose similarity is over 0.5, in order of their ids.

    MinHash (Broder 1997) proposes pairs; the exact Jaccard similarity of their word trigrams
    decides. Texts of fewer than three words are like no other.
    """
    sketches = {
        doc_id: _sketch(trigrams)
        for doc_id, text in sorted(texts.items())
        if (trigrams := word_trigrams(text))
    }
    promising = (
        pair
        for pair in _proposed_pairs(sketches)
        if sketches[pair[0]].jaccard(sketches[pair[1]]) > _PROMISING
    )
    measured = (
        NearDuplicate(first, second, _similarity(texts[first], texts[second]))
        for first, second in promising
    )
    return sorted(pair for pair in measured if pair.similarity > SIMILARITY)


def _sketch(trigrams: set[str]) -> RMinHash:
    from rensa import RMinHash

    sketch = RMinHash(num_perm=_N_PERMUTATIONS, seed=1)
    sketch.update(list(trigrams))
    return sketch


def _proposed_pairs(sketches: Mapping[str, RMinHash]) -> set[tuple[str, str]]:
    """Return the pairs of ids, the smaller first, whose sketches have a band in common."""
    by_band: dict[tuple[int, ...], list[str]] = {}
    for doc_id, sketch in sketches.items():
        digest = sketch.digest()
        for start in range(0, _N_PERMUTATIONS, _BAND):
            by_band.setdefault((start, *digest[start : start + _BAND]), []).append(doc_id)
    return {pair for doc_ids in by_band.values() for pair in combinations(doc_ids, 2)}


def _similarity(first: str, second: str) -> float:
    left, right = word_trigrams(first), word_trigrams(second)
    return len(left & right) / len(left | right)
