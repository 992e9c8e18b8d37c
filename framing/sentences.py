"""Sentence bounds that tile a text exactly."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from framing.spans import Span

# A blank line ends a sentence whatever stands before it: a headline carries no full stop.
_BLANK_LINE = re.compile(r"\r?\n[^\S\n]*\n\s*")
_LINE_END = re.compile(r"\n\s*")  # no \s* in front: long runs of spaces took quadratic time
_WRAPPED_LINE = re.compile(r"^(.{50,100}[^.!?:\"”’\s])\r?\n(?=\S)", re.MULTILINE)
_INNER_LINE_END = re.compile(r"\S[^\S\n]*\n(?=[^\S\n]*\S)")
# "… the river.[6] The …": the splitter leaves the footnote mark to the sentence that follows.
_FOOTNOTE = re.compile(r"(?:\[\w{1,3}\])+\s+")


def sentence_bounds(text: str) -> tuple[Span, ...]:
    """Return the sentences of a text, in order; together they hold every character once.

    White space after a sentence belongs to it. A line end closes a sentence, unless the text is
    hard-wrapped (most of its inner line ends follow a long line without final punctuation); a blank
    line always does. The empty text has no sentence. Splitter: nupunkt, a pure Python Punkt
    (Kiss and Strunk 2006).

    >>> [(span.start, span.end) for span in sentence_bounds("We left. Mr. Bo stayed.")]
    [(0, 9), (9, 23)]
    """
    from nupunkt import sent_spans  # 0.1 s to import and load

    starts = {0}
    for block in _blocks(text):
        content = text[block.start : block.end]
        for start, _ in sent_spans(content):
            footnote = _FOOTNOTE.match(content, start) if start else None
            starts.add(block.start + (footnote.end() if footnote else start))
    starts.discard(len(text))
    return tuple(Span(*bounds) for bounds in pairwise([*sorted(starts), len(text)])) if text else ()


def sentence_index(sentences: Sequence[Span], offset: int) -> int:
    """Return the position in `sentences` (which tile a text) of the one that holds a character."""
    return bisect_right(sentences, offset, key=lambda sentence: sentence.start) - 1


def enclosing_sentences(sentences: Sequence[Span], span: Span) -> Span:
    """Return the stretch from the start of a span's first sentence to the end of its last."""
    first = sentences[sentence_index(sentences, span.start)]
    last = sentences[sentence_index(sentences, span.end - 1)]
    return Span(first.start, last.end)


def _blocks(text: str) -> list[Span]:
    separator = _BLANK_LINE if _is_hard_wrapped(text) else _LINE_END
    ends = [match.end() for match in separator.finditer(text)]
    bounds = sorted({0, *ends, len(text)})
    return [Span(start, end) for start, end in pairwise(bounds)]


def _is_hard_wrapped(text: str) -> bool:
    n_inner = len(_INNER_LINE_END.findall(text))
    return n_inner >= 4 and 2 * len(_WRAPPED_LINE.findall(text)) > n_inner
