"""Cue phrases: whether the spans of a device are worded over and over in the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from framing.diversity.trigrams import word_trigrams

N_CUES = 10


@dataclass(frozen=True)
class CueMonotony:
    """How far a few cue phrases carry a device.

    Attributes:
        share: of the spans, in [0, 1], that hold one of the cues; None where there is no span.
        cues: the trigrams that most spans hold, at most ten, most frequent first.
    """

    share: float | None
    cues: tuple[str, ...]


def cue_monotony(quotes: Sequence[str]) -> CueMonotony:
    """Measure which share of a device's spans holds one of the ten trigrams that most of them hold.

    A trigram of one span alone is no cue.

    Args:
        quotes: the words of each span.

    >>> cue_monotony(["We never did it", "They said we never did", "All lies"]).cues
    ('we never did',)
    """
    by_span = [word_trigrams(quote) for quote in quotes]
    counts = Counter(trigram for trigrams in by_span for trigram in trigrams)
    shared = [trigram for trigram, count in counts.items() if count > 1]
    cues = sorted(shared, key=lambda trigram: (-counts[trigram], trigram))[:N_CUES]
    n_held = sum(not trigrams.isdisjoint(cues) for trigrams in by_span)
    return CueMonotony(n_held / len(quotes) if quotes else None, tuple(cues))
