"""What the measures say against a corpus: surely wrong, or over a threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from framing.corpus import AUTHORED, Corpus
from framing.diversity.duplicates import NearDuplicate
from framing.diversity.measures import (
    LONG,
    SHORT,
    authored_documents,
    authored_leaks,
    length_shares,
    marked_documents,
    monotony_by_device,
    unpaired_duplicates,
)
from framing.spans import LabelledDocument

MAX_MONOTONY = 0.25
"""Share of a device's spans that may hold one of its ten cues; else a model learns the cues."""
MAX_ODD_LENGTHS = 0.05
"""Share of authored documents that may be under 60 words, and that may be over 1,200."""
MIN_WITHOUT_SPANS = 0.1
"""Share of a collection's documents without a span, or a model learns to find one everywhere."""
MIN_VOICE = 0.2
"""Share of the spans in each voice."""
MAX_WITH_MARKUP = 0.01
"""Share of a collection's texts that may hold markup; over it the extraction is at fault."""
MIN_SUPPORT = 50
"""Spans or documents from which on a share says anything."""


@dataclass(frozen=True)
class Findings:
    """Problems, which must be mended, and warnings, which should be looked at; a line each."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def measured_findings(corpus: Corpus, splits: Path) -> Findings:
    """Measure a corpus: near-duplicates, cue phrases, lengths, names, balance, markup.

    Near-duplicates in different splits are a problem, unless they are a contrast pair; what is
    over a threshold of this module is a warning.

    Args:
        corpus: labels and the texts at hand; what is not at hand is not measured.
        splits: file of the splits, to name it.
    """
    duplicates = unpaired_duplicates(corpus)
    across = [pair for pair in duplicates if len(_splits(corpus, pair)) > 1]
    within = [pair for pair in duplicates if len(_splits(corpus, pair)) == 1]
    return Findings(
        tuple(
            f"{splits}: {_sentence(pair, corpus)}. Keep them in one split, or drop one."
            for pair in across
        ),
        (
            *(f"{_sentence(pair, corpus)}. They count twice." for pair in within),
            *_authored_warnings(corpus),
            *_cue_warnings("all texts at hand", corpus.documents, corpus),
            *_balance_warnings(corpus),
            *_markup_warnings(corpus),
        ),
    )


def _splits(corpus: Corpus, pair: NearDuplicate) -> set[str | None]:
    return {corpus.splits.get(pair.first), corpus.splits.get(pair.second)}


def _sentence(pair: NearDuplicate, corpus: Corpus) -> str:
    first, second = (
        f"{doc_id} ({corpus.splits.get(doc_id)})" for doc_id in (pair.first, pair.second)
    )
    return f"{first} and {second} are near-duplicates, similarity {pair.similarity:.2f}"


def _authored_warnings(corpus: Corpus) -> Iterator[str]:
    documents = authored_documents(corpus)
    yield from _cue_warnings(AUTHORED, documents, corpus)
    if len(documents) >= MIN_SUPPORT:
        limits = (f"under {SHORT}", f"over {LONG:,}")
        for limit, share in zip(limits, length_shares(documents), strict=True):
            if share > MAX_ODD_LENGTHS:
                yield (
                    f"{AUTHORED}: {share:.1%} of the documents have {limit} words, expected at "
                    f"most {MAX_ODD_LENGTHS:.0%}"
                )
    for leak in authored_leaks(corpus):
        yield (
            f"{AUTHORED}: the name {leak.name!r} gives {leak.device} away: in "
            f"{leak.n_with_device} of its {leak.n_documents} documents, against "
            f"{leak.share_of_all:.0%} of all (p = {leak.p_value:.1g})"
        )


def _cue_warnings(
    name: str, documents: Sequence[LabelledDocument], corpus: Corpus
) -> Iterator[str]:
    n_spans = Counter(span.device for labelled in documents for span in labelled.spans)
    for device, measured in monotony_by_device(documents, corpus.taxonomy).items():
        if n_spans[device] >= MIN_SUPPORT and (measured.share or 0.0) > MAX_MONOTONY:
            yield (
                f"{name}: {measured.share:.0%} of the spans of {device} hold one of ten cues, "
                f"expected at most {MAX_MONOTONY:.0%}: {', '.join(map(repr, measured.cues))}"
            )


def _balance_warnings(corpus: Corpus) -> Iterator[str]:
    labelled = Counter(corpus.manifest[doc_id].collection for doc_id in corpus.rows)
    empty = Counter(
        corpus.manifest[d].collection for d, row in corpus.rows.items() if not row.spans
    )
    yield from (
        f"{name}: only {empty[name] / n:.0%} of the documents have no span, expected at least "
        f"{MIN_WITHOUT_SPANS:.0%}"
        for name, n in sorted(labelled.items())
        if n >= MIN_SUPPORT and empty[name] / n < MIN_WITHOUT_SPANS
    )
    voices = Counter(span.voice for row in corpus.rows.values() for span in row.spans)
    n_spans = voices.total()
    yield from (
        f"only {voices[name] / n_spans:.0%} of the spans are of voice {name}, expected at least "
        f"{MIN_VOICE:.0%}"
        for name in corpus.taxonomy.voice_names
        if n_spans >= MIN_SUPPORT and voices[name] / n_spans < MIN_VOICE
    )


def _markup_warnings(corpus: Corpus) -> Iterator[str]:
    at_hand = Counter(labelled.document.metadata["collection"] for labelled in corpus.documents)
    for name, doc_ids in marked_documents(corpus).items():
        if at_hand[name] >= MIN_SUPPORT and len(doc_ids) / at_hand[name] > MAX_WITH_MARKUP:
            yield f"{name}: {len(doc_ids)} texts hold leftover markup, the first is {doc_ids[0]}"
