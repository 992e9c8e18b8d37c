"""Spans, documents, and documents with spans: the values that every other module passes on.

Offsets are half-open and count Unicode code points of the document's text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of characters, half-open.

    Raises:
        ValueError: if it is empty, reversed or starts before 0.

    >>> Span(4, 9).overlap(Span(7, 12))
    2
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"span {self.start}:{self.end}: expected 0 <= start < end")

    def __len__(self) -> int:
        return self.end - self.start

    def overlap(self, other: Span) -> int:
        """Return the number of characters that both spans hold, 0 where they only touch."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Merge the spans of one device that share a character; spans that only touch stay apart.

    >>> merge_spans([Span(5, 9), Span(0, 3), Span(2, 5)])
    [Span(start=0, end=5), Span(start=5, end=9)]
    """
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(Span(span.start, span.end))
    return merged


@dataclass(frozen=True, slots=True, order=True)
class LabelledSpan(Span):
    """A span that carries one device in one voice.

    Attributes:
        device: name of a device of the taxonomy.
        voice: name of a voice of the taxonomy.
        score: probability in [0, 1] that the span is one; None for an annotator's span.
        voice_score: probability in [0, 1] of the voice; None for an annotator's span.
    """

    device: str
    voice: str
    score: float | None = field(default=None, compare=False)
    voice_score: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Document:
    """A text with its identity.

    Attributes:
        doc_id: unique name of the document in its batch or corpus.
        text: the text that offsets count in.
        source: path, URL or table row that it was read from; None for a text given as a string.
        title: headline, where the source marks one.
        metadata: further fields of the source (outlet, date, language, encoding, …).
    """

    doc_id: str
    text: str
    source: str | None = None
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, compare=False)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the text as UTF-8, hexadecimal."""
        return text_sha256(self.text)


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8, hexadecimal (lone surrogates kept as they are)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class LabelledDocument:
    """A document and its spans, in order of place.

    Raises:
        ValueError: if a span ends after the text.
    """

    document: Document
    spans: tuple[LabelledSpan, ...] = ()

    def __post_init__(self) -> None:
        n_characters = len(self.document.text)
        for span in self.spans:
            if span.end > n_characters:
                raise ValueError(
                    f"{self.document.doc_id} {span.start}:{span.end}: "
                    f"the text has only {n_characters} characters"
                )

    def quote(self, span: Span) -> str:
        """Return the words that a span covers."""
        return self.document.text[span.start : span.end]

    def spans_of(self, device: str) -> list[LabelledSpan]:
        """Return the spans of one device."""
        return [span for span in self.spans if span.device == device]


@dataclass(frozen=True)
class ScoredDocument(LabelledDocument):
    """What a model says of a document.

    Attributes:
        device_scores: for each device the calibrated probability that the document holds it.
        uncertain: spans whose score lies between the two thresholds of their device.
        sentences: bounds of the sentences, which tile the text.
        warnings: `short_text`, `paywall_like`, `not_english`.
    """

    device_scores: Mapping[str, float] = field(default_factory=dict)
    uncertain: tuple[LabelledSpan, ...] = ()
    sentences: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()
