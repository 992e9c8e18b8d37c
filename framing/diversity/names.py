"""Names that give a label away: where they stand, a device stands too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from framing.rows import ManifestRow
from framing.spans import LabelledDocument

MIN_DOCUMENTS = 8
MIN_SETTINGS = 3
SIGNIFICANCE = 0.01
"""Highest probability, after Bonferroni, at which a name counts as one that leaks."""

_WORD = re.compile(r"\b[^\W\d_]{2,}\b")


@dataclass(frozen=True)
class LeakingName:
    """A name whose documents hold a device far more often than the others do.

    Attributes:
        n_documents: documents that hold the name.
        n_with_device: those of them that hold the device.
        share_of_all: share in [0, 1] of all documents that hold the device.
        p_value: of Fisher's exact test (one-sided), times the number of tests (Bonferroni).
    """

    name: str
    device: str
    n_documents: int
    n_with_device: int
    share_of_all: float
    p_value: float


def leaking_names(
    documents: Sequence[LabelledDocument],
    manifest: Mapping[str, ManifestRow],
    devices: Iterable[str],
) -> list[LeakingName]:
    """Return the names that predict a device far above chance, the least probable first.

    A name is one of the manifest row's `names`; where a row has none, a capitalised word that no
    document writes in small letters. It must stand in at least 8 documents of at least 3 settings.
    """
    candidates = _frequent_names(documents, manifest)
    holders = {device: _holders(documents, device) for device in devices}
    n_tests = len(candidates) * len(holders)
    found = []
    for name, doc_ids in candidates.items():
        for device, with_device in holders.items():
            n_both = len(doc_ids & with_device)
            p_value = fisher_p(n_both, len(doc_ids), len(with_device), len(documents)) * n_tests
            if p_value < SIGNIFICANCE:
                share = len(with_device) / len(documents)
                found.append(LeakingName(name, device, len(doc_ids), n_both, share, p_value))
    return sorted(found, key=lambda leak: (leak.p_value, leak.name, leak.device))


def fisher_p(n_both: int, n_name: int, n_device: int, n_documents: int) -> float:
    """Return how probable at least so many documents with both are if name and device are apart.

    Source: Fisher 1934, the exact test of a 2 x 2 table, one-sided.

    >>> fisher_p(3, 3, 3, 6)
    0.05
    """
    n_neither = n_documents - n_device - n_name + n_both
    ways = comb(n_device, n_both) * comb(n_documents - n_device, n_name - n_both)
    n_ways = 0
    for more in range(min(n_name, n_device) - n_both + 1):
        n_ways += ways
        # Each table from the one before: 'comb' anew is 60 times as slow for 6,000 documents.
        apart = (n_device - n_both - more) * (n_name - n_both - more)
        ways = ways * apart // ((n_both + more + 1) * (n_neither + more + 1))
    return n_ways / comb(n_documents, n_name)


def _holders(documents: Iterable[LabelledDocument], device: str) -> set[str]:
    return {
        labelled.document.doc_id
        for labelled in documents
        if any(span.device == device for span in labelled.spans)
    }


def _frequent_names(
    documents: Sequence[LabelledDocument], manifest: Mapping[str, ManifestRow]
) -> dict[str, set[str]]:
    """Return for each name in enough documents and settings the ids of its documents."""
    by_name: dict[str, set[str]] = {}
    for doc_id, name in _names(documents, manifest):
        by_name.setdefault(name, set()).add(doc_id)
    return {
        name: doc_ids
        for name, doc_ids in sorted(by_name.items())
        if len(doc_ids) >= MIN_DOCUMENTS
        and len({manifest[doc_id].setting for doc_id in doc_ids}) >= MIN_SETTINGS
    }


def _names(
    documents: Iterable[LabelledDocument], manifest: Mapping[str, ManifestRow]
) -> Iterator[tuple[str, str]]:
    """Yield the id of each document with each of its names."""
    words = {d.document.doc_id: set(_WORD.findall(d.document.text)) for d in documents}
    in_small_letters = {word for each in words.values() for word in each if word.islower()}
    for doc_id, each in words.items():
        listed = {name.name for name in manifest[doc_id].names}
        capitalised = {w for w in each if w[0].isupper() and w.lower() not in in_small_letters}
        yield from ((doc_id, name) for name in listed or capitalised)
