"""What a span of a label row must be: inside its text, of a known label, with clean edges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from framing.rows import LabelRow, SpanRow
from framing.spans import LabelledSpan
from framing.taxonomy import Taxonomy

_FINAL_PUNCTUATION = re.compile(r"[.!?…]$")
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}$")  # "U.N.": the stop belongs to the word


def label_faults(device: str, voice: str, taxonomy: Taxonomy) -> list[str]:
    """Return what is wrong with the names of a span's device and voice."""
    kinds = (("device", device, taxonomy.device_names), ("voice", voice, taxonomy.voice_names))
    return [
        f"unknown {kind} {name!r}. Expected one of {', '.join(names)}."
        for kind, name, names in kinds
        if name not in names
    ]


def offset_faults(span: SpanRow, text: str | None) -> list[str]:
    """Return why a span cannot lie in its text (None: not at hand), or is not of its quote."""
    if span.start >= span.end:
        return ["empty or reversed. Expected start < end."]
    if text is None:
        return []
    if span.end > len(text):
        return [f"the text has only {len(text)} characters. Correct the offsets."]
    words = text[span.start : span.end]
    if span.quote not in (None, words):
        return [
            f"quote {span.quote!r} differs from the text {words!r}. "
            "Expected quote == text[start:end]. Correct the offsets or the quote."
        ]
    return []


def edge_faults(words: str) -> list[str]:
    """Return what is wrong with the first and the last character of a span's words.

    >>> edge_faults("we never did it.")
    ["ends with '.'. Leave out the sentence's final punctuation."]
    """
    faults = []
    if not words:
        return ["empty. Expected words."]
    if words[0].isspace():
        faults.append("starts with white space. Start at the first word.")
    if words[-1].isspace():
        faults.append("ends with white space. End at the last word.")
    elif _FINAL_PUNCTUATION.search(words) and not _INITIALS.search(words):
        faults.append(f"ends with {words[-1]!r}. Leave out the sentence's final punctuation.")
    return faults


def overlaps_within_device(
    spans: Iterable[LabelledSpan],
) -> Iterator[tuple[LabelledSpan, LabelledSpan]]:
    """Yield the pairs of spans of one device that share a character, in order of place."""
    for first, second in combinations(sorted(spans), 2):
        if first.device == second.device and first.overlap(second):
            yield first, second


def span_problems(place: str, row: LabelRow, text: str | None, taxonomy: Taxonomy) -> list[str]:
    """Return what keeps the spans of a label row from fitting its text (None: not at hand)."""
    return [
        f"{place}: {row.doc_id} {span.start}:{span.end}: {fault}"
        for span in row.spans
        for fault in [
            *offset_faults(span, text),
            *label_faults(span.device, span.voice, taxonomy),
        ]
    ]


def labelled_spans(rows: Iterable[SpanRow]) -> tuple[LabelledSpan, ...]:
    """Return the spans of a label row, in order of place.

    Raises:
        ValueError: if one is empty or reversed.
    """
    return tuple(sorted(LabelledSpan(row.start, row.end, row.device, row.voice) for row in rows))


def span_rows(
    spans: Sequence[LabelledSpan], text: str, *, with_quotes: bool
) -> tuple[SpanRow, ...]:
    """Return spans as a label row holds them, with their words where these may be printed."""
    return tuple(
        SpanRow(
            span.start,
            span.end,
            span.device,
            span.voice,
            text[span.start : span.end] if with_quotes else None,
        )
        for span in spans
    )
