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
    r"\b(?:said|sa(?:y|ys|ying)|t(?:ell|ells|old|elling)|(?:accus|alleg|argu|blam|declar|den(?:i|y)"
    r"|describ|dismiss|insist|claim|stat|reject|warn|add|not|announc|assert|call|charg|complain"
    r"|conced|condemn|confirm|explain|maintain|mention|quot|remark|repeat|report|respond|stress"
    r"|suggest|tweet|vow|wr(?:i|o)t)(?:e|es|ed|ing|s|ten)?|according to|in the words of|cit(?:ed|ing))\b",
    re.IGNORECASE,
)
# A single mark opens a quotation only before a word and after none, and closes it only after one.
_MARK = re.compile(r"\n|[\"“”„«»]|(?<!\w)[‘'](?=\w)|(?<=\S)(?P<end>[’'])(?!\w)")
_CLOSED_BY = {'"': '"', "“": "”", "„": "“”", "«": "»", "‘": "’", "'": "'"}
_SINGLE = "‘'"
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
    opened: re.Match[str] | None = None
    for match in _MARK.finditer(text):
        mark = match.group()
        if opened is None:
            opened = match if mark in _CLOSED_BY and match.lastgroup != "end" else None
        elif opened.group() in _SINGLE:
            if match.lastgroup == "end" and mark in _CLOSED_BY[opened.group()]:
                stretches.append((opened.end(), match.start()))
                opened = None
            elif mark not in _SINGLE:
                opened = match if mark in _CLOSED_BY else None
        elif mark == "\n" or mark in _CLOSED_BY[opened.group()]:
            stretches.append((opened.end(), match.start()))
            opened = None
    if opened is not None and opened.group() not in _SINGLE:
        stretches.append((opened.end(), len(text)))
    return [Span(start, end) for start, end in stretches if start < end]


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
