"""What is measured of a corpus: figures of authored texts, and of all texts at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from framing.corpus import AUTHORED, Corpus
from framing.diversity.cues import CueMonotony, cue_monotony
from framing.diversity.duplicates import NearDuplicate, near_duplicates
from framing.diversity.markup import leftover_markup
from framing.diversity.names import LeakingName, leaking_names
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy

SHORT, LONG = 60, 1200
"""Words under and over which an authored document is out of the range of news and statements."""


def authored_figures(corpus: Corpus) -> dict[str, object]:
    """Measure the documents written for the corpus; their texts ship, so everyone gets the same.

    Returns:
        Their number, the share of short and of long ones, the cue phrases of each device, and the
        names that give a device away.
    """
    documents = authored_documents(corpus)
    short, long = length_shares(documents)
    return {
        "n_documents": len(documents),
        f"share_under_{SHORT}_words": short,
        f"share_over_{LONG}_words": long,
        "cue_monotony": _as_dicts(monotony_by_device(documents, corpus.taxonomy)),
        "leaking_names": [_as_dict(leak) for leak in authored_leaks(corpus)],
    }


def figures_at_hand(corpus: Corpus) -> dict[str, object]:
    """Measure every text at hand, shipped or attached.

    Returns:
        The number of documents, the cue phrases of each device, how many texts of each collection
        hold leftover markup, and the near-duplicates but for contrast pairs.
    """
    return {
        "n_documents": len(corpus.documents),
        "cue_monotony": _as_dicts(monotony_by_device(corpus.documents, corpus.taxonomy)),
        "n_with_markup": {name: len(ids) for name, ids in marked_documents(corpus).items()},
        "near_duplicates": [_as_dict(pair) for pair in unpaired_duplicates(corpus)],
    }


def authored_documents(corpus: Corpus) -> tuple[LabelledDocument, ...]:
    """Return the documents that were written for the corpus and ship with it."""
    return tuple(
        labelled
        for labelled in corpus.split(None, {AUTHORED})
        if corpus.manifest[labelled.document.doc_id].path is not None
    )


def authored_leaks(corpus: Corpus) -> list[LeakingName]:
    """Return the names that give a device away in the authored documents."""
    documents = authored_documents(corpus)
    return leaking_names(documents, corpus.manifest, corpus.taxonomy.device_names)


def length_shares(documents: Sequence[LabelledDocument]) -> tuple[float, float]:
    """Return the shares in [0, 1] of documents under 60 and over 1,200 words; 0.0 of none."""
    lengths = [len(labelled.document.text.split()) for labelled in documents]
    n_documents = max(len(lengths), 1)
    n_short, n_long = sum(n < SHORT for n in lengths), sum(n > LONG for n in lengths)
    return round(n_short / n_documents, 4), round(n_long / n_documents, 4)


def monotony_by_device(
    documents: Iterable[LabelledDocument], taxonomy: Taxonomy
) -> dict[str, CueMonotony]:
    """Measure the cue phrases of each device in the spans of the documents."""
    quotes: dict[str, list[str]] = {device: [] for device in taxonomy.device_names}
    for labelled in documents:
        for span in labelled.spans:
            quotes[span.device].append(labelled.quote(span))
    return {device: cue_monotony(each) for device, each in quotes.items()}


def marked_documents(corpus: Corpus) -> dict[str, list[str]]:
    """Return for each collection the ids of the documents at hand that hold leftover markup."""
    marked: dict[str, list[str]] = {}
    for labelled in corpus.documents:
        found = marked.setdefault(labelled.document.metadata["collection"], [])
        if leftover_markup(labelled.document.text):
            found.append(labelled.document.doc_id)
    return dict(sorted(marked.items()))


def unpaired_duplicates(corpus: Corpus) -> list[NearDuplicate]:
    """Return the near-duplicates among the texts at hand that are not of one contrast pair."""
    texts = {labelled.document.doc_id: labelled.document.text for labelled in corpus.documents}
    pair_names = {doc_id: corpus.manifest[doc_id].pair for doc_id in texts}
    return [
        duplicate
        for duplicate in near_duplicates(texts)
        if pair_names[duplicate.first] is None
        or pair_names[duplicate.first] != pair_names[duplicate.second]
    ]


def _as_dicts(monotony: dict[str, CueMonotony]) -> dict[str, object]:
    return {device: _as_dict(measured) for device, measured in monotony.items()}


def _as_dict(record: CueMonotony | LeakingName | NearDuplicate) -> dict[str, object]:
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in asdict(record).items()
    }
