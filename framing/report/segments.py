"""A text cut where spans begin and end, so that overlapping and nested spans can be shown."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from framing.spans import LabelledSpan, Span

# C0 and C1 controls but line feed, the marks that reverse the direction of what follows, and lone
# surrogates: a terminal would obey them, a page would show the text in another order.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text over which the same spans lie.

    Attributes:
        start: first character.
        end: first character after it.
        spans: the spans over it, the one that began first (of those, the longest) outermost.
    """

    start: int
    end: int
    spans: tuple[LabelledSpan, ...]

    @property
    def opening(self) -> tuple[LabelledSpan, ...]:
        """The spans that begin with this segment, outermost first."""
        return tuple(span for span in self.spans if span.start == self.start)

    @property
    def closing(self) -> tuple[LabelledSpan, ...]:
        """The spans that end with this segment, innermost first."""
        return tuple(span for span in reversed(self.spans) if span.end == self.end)


def segments(spans: Sequence[LabelledSpan], start: int, end: int) -> list[Segment]:
    """Return the segments of the stretch from `start` to `end`, which tile it.

    >>> from framing.spans import LabelledSpan as S
    >>> cut = segments([S(2, 6, "denial", "own"), S(4, 9, "foreignising", "own")], 0, 9)
    >>> [(segment.start, segment.end, len(segment.spans)) for segment in cut]
    [(0, 2, 0), (2, 4, 1), (4, 6, 2), (6, 9, 1)]
    """
    bounds = {bound for span in spans for bound in (span.start, span.end)}
    cuts = sorted({start, end, *(bound for bound in bounds if start < bound < end)})
    places = (Span(left, right) for left, right in pairwise(cuts))
    return [Segment(place.start, place.end, over) for place, over in spread(spans, places)]


def spread(
    spans: Sequence[LabelledSpan], places: Iterable[Span]
) -> Iterator[tuple[Span, tuple[LabelledSpan, ...]]]:
    """Yield each place with the spans that touch it, outermost first.

    Args:
        spans: in any order.
        places: stretches that do not overlap, in order.
    """
    waiting = deque(sorted(spans, key=lambda span: (span.start, -span.end, span.device)))
    over: list[LabelledSpan] = []
    for place in places:
        while waiting and waiting[0].start < place.end:
            over.append(waiting.popleft())
        over = [span for span in over if span.end > place.start]
        yield place, tuple(over)


def printable(text: str) -> str:
    r"""Return a text without what a terminal or a browser would obey instead of showing it.

    >>> printable("red \x1b[31malert\r\n")
    'red [31malert\n'
    """
    return _UNPRINTABLE.sub("", text)


def printable_line(text: str) -> str:
    """Return a text as one line, without what a terminal would obey instead of showing it."""
    return printable(" ".join(text.split()))
