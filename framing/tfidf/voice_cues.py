"""What tells whose voice carries a span, beside the words: quotation marks and speech verbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framing.spans import Span

CUES = (
    "share of the span in quotation marks",
    "share of the sentence in quotation marks",
    "the paragraph opens with a quotation mark",
    "a speech verb in the sentence",
    "a speech verb before the span",
)

_SPEECH = re.compile(
    r"\b(?:sa(?:id|y|ys|ying)|t(?:old|ells?|elling)|wrote|writes|deni(?:es|ed)|denying|added|noted"
    r"|stated|according to|(?:accus|alleg|announc|argu|assert|blam|call|cit|claim|complain|conced"
    r"|condemn|confirm|declar|describ|dismiss|explain|insist|maintain|quot|reject|remark|report"
    r"|respond|suggest|tweet|vow|warn)(?:ed|es|s|ing))\b",
    re.IGNORECASE,
)
_MARK = re.compile("[\n\"“”„«»‘’']")
_CLOSED_BY = {'"': '"', "“": "”", "„": "“”", "«": "»", "‘": "’", "'": "'"}
_SINGLE = "‘’'"
_FIRST = re.compile(r"\s*[\"“„«‘]")
_LONGEST_PARAGRAPH = 20_000  # characters looked through for the start of a paragraph

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Quotations:
    """The stretches of a text inside quotation marks, in order, and what lies before each.

    Attributes:
        starts: first character of each, shape (n_stretches,).
        before: characters of the stretches before each, and of all; shape (n_stretches + 1,).
    """

    starts: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]

    @classmethod
    def of(cls, text: str) -> Quotations:
        """Find the quotations of a text."""
        stretches = quoted_stretches(text)
        lengths = np.array([len(stretch) for stretch in stretches], dtype=np.int64)
        starts = np.array([stretch.start for stretch in stretches], dtype=np.int64)
        return cls(starts, np.concatenate(([0], np.cumsum(lengths))))

    def share(self, spans: Sequence[Span]) -> F32:
        """Return the share of each span's characters that are quoted, shape (n_spans,)."""
        bounds = np.array([(span.start, span.end) for span in spans], dtype=np.int64).reshape(-1, 2)
        n_quoted = self._n_quoted_before(bounds[:, 1]) - self._n_quoted_before(bounds[:, 0])
        return (n_quoted / np.diff(bounds).ravel()).astype(np.float32)

    def _n_quoted_before(self, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        index = np.searchsorted(self.starts, offsets, side="right")
        last = np.maximum(index - 1, 0)
        starts = self.starts[last] if len(self.starts) else offsets
        inside_last = np.minimum(offsets - starts, self.before[index] - self.before[last])
        return np.where(index > 0, self.before[last] + inside_last, 0)


def quoted_stretches(text: str) -> list[Span]:
    """Return what lies between quotation marks, straight, curly, angled or single.

    A quotation that is not closed goes to the end of its paragraph, as the habit is where the next
    paragraph carries it on; a single mark that is not closed is an apostrophe. Quotations inside
    quotations belong to the outer one.

    >>> [(span.start, span.end) for span in quoted_stretches('He said "no" and left.')]
    [(9, 11)]
    """
    stretches = []
    opened, start = "", 0
    for match in _MARK.finditer(text):
        mark, at = match.group(), match.start()
        if mark in _SINGLE and not _is_quotation_mark(text, at, closing=opened in ("‘", "'")):
            continue
        if opened and (mark in _CLOSED_BY[opened] or (mark == "\n" and opened not in _SINGLE)):
            stretches.append((start, at))
            opened = ""
        elif not opened or (opened in _SINGLE and mark not in _SINGLE):
            # A single mark that a double one or a line end follows was an apostrophe.
            opened, start = (mark if mark in _CLOSED_BY else ""), at + 1
    if opened and opened not in _SINGLE:
        stretches.append((start, len(text)))
    return [Span(start, end) for start, end in stretches if start < end]


def _is_quotation_mark(text: str, at: int, *, closing: bool) -> bool:
    """Return whether a single mark stands where one that opens, or closes, a quotation would."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if closing:
        return bool(before.strip()) and not after.isalnum()
    return not before.isalnum() and after.isalnum()


def voice_cues(
    text: str, quotations: Quotations, spans: Sequence[Span], sentences: Sequence[Span]
) -> F32:
    """Return the cues of spans, each with the sentence that holds it, shape (n_spans, n_cues)."""
    bounds = list(zip(spans, sentences, strict=True))
    cues = [
        quotations.share(spans),
        quotations.share(sentences),
        [_opens_quoted(text, span.start) for span in spans],
        [_SPEECH.search(text, sentence.start, sentence.end) is not None for sentence in sentences],
        [_SPEECH.search(text, sentence.start, span.start) is not None for span, sentence in bounds],
    ]
    return np.stack([np.asarray(cue, dtype=np.float32) for cue in cues], axis=1)


def _opens_quoted(text: str, offset: int) -> bool:
    start = text.rfind("\n", max(0, offset - _LONGEST_PARAGRAPH), offset) + 1
    return _FIRST.match(text, start) is not None
