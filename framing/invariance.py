"""What must not change a verdict: other names, other quotation marks, other letters.

A document's verdict on a device is whether a span of it is reported. It flips when a variant of the
document, which says the same, gets the other verdict.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from framing import metrics
from framing.augmentation import NameBank, corpus_name_bank, draw_swaps, real_nations, swap_names
from framing.classifier import Classifier
from framing.corpus import Corpus
from framing.figures import MICRO, Figure, figure
from framing.rows import Name
from framing.spans import Document, LabelledDocument, ScoredDocument

NAMES = "other names"
_STRAIGHTENED = str.maketrans("“”«»‘’", '""""\'\'')
_STRAIGHT = re.compile(r'(?<!\w)"(?=\w)')


class Flips(msgspec.Struct, frozen=True, kw_only=True):
    """How the verdicts on one device, or on all, changed under one kind of variant.

    Attributes:
        n_documents: documents that have a variant.
        n_verdicts: verdicts on variants.
        rate: share of them that differ from that on the document itself.
        gained: share that became a report.
        lost: share that was one before.
        firm: share that went from a report to not even an uncertain span, or back.
        shift: mean of the variant's document score minus that of the document.
    """

    n_documents: int
    n_verdicts: int
    rate: Figure
    gained: Figure
    lost: Figure
    firm: Figure
    shift: Figure


Variants = Callable[[LabelledDocument], Iterable[Document]]


def measure_flips(
    classifier: Classifier,
    documents: Sequence[LabelledDocument],
    scored: Sequence[ScoredDocument],
    variants: Mapping[str, Variants],
    seed: int,
) -> dict[str, dict[str, Flips]]:
    """Score variants of documents, and count the verdicts that differ.

    Args:
        classifier: the model.
        documents: in the form that the verdicts are held against.
        scored: what the model says of them.
        variants: for each kind a function that gives variants of a document; a document that a
            kind does not change has none.
        seed: of the resamples behind the intervals.

    Returns:
        For each kind that changes a document the flips of all devices, under 'micro', and of each.
    """
    devices = classifier.manifest.taxonomy.device_names
    flips = {}
    for kind, vary in variants.items():
        rows = []
        for labelled, original in zip(documents, scored, strict=True):
            changed = [each for each in vary(labelled) if each.text != labelled.document.text]
            if changed:
                rows.append(_rows(original, classifier.score_documents(changed), devices))
        if rows:
            flips[kind] = _flips(np.stack(rows), devices, seed)
    return flips


def _rows(
    original: ScoredDocument, changed: Iterable[ScoredDocument], devices: Sequence[str]
) -> metrics.Floats:
    """Return verdicts, gained, lost, firm flips and the sum of the shifts, (n_devices, 5)."""
    sums = np.zeros((len(devices), 5))
    for variant in changed:
        for row, device in zip(sums, devices, strict=True):
            before, after = _level(original, device), _level(variant, device)
            gained, lost = after == 2 > before, before == 2 > after
            shift = variant.device_scores[device] - original.device_scores[device]
            row += [1, gained, lost, abs(after - before) == 2, shift]
    return sums


def _level(scored: ScoredDocument, device: str) -> int:
    """Return 2 where a span of the device is reported, 1 where one is uncertain, else 0."""
    if any(span.device == device for span in scored.spans):
        return 2
    return int(any(span.device == device for span in scored.uncertain))


def _flips(rows: metrics.Floats, devices: Sequence[str], seed: int) -> dict[str, Flips]:
    """Add up rows, (n_documents, n_devices, 5), by device and over all."""
    weights = metrics.bootstrap_weights(len(rows), seed)
    parts = {MICRO: rows.sum(axis=1), **{name: rows[:, i] for i, name in enumerate(devices)}}
    return {device: _device_flips(part, weights) for device, part in parts.items()}


def _device_flips(rows: metrics.Floats, weights: metrics.Floats) -> Flips:
    def share(*columns: int) -> Figure:
        counted = np.stack([rows[:, columns].sum(axis=1), rows[:, 0]], axis=1)
        return figure(lambda drawn: metrics.ratio(drawn @ counted), weights)

    return Flips(
        n_documents=len(rows),
        n_verdicts=int(rows[:, 0].sum()),
        rate=share(1, 2),
        gained=share(1),
        lost=share(2),
        firm=share(3),
        shift=share(4),
    )


def all_variants(corpus: Corpus, n_swaps: int, seed: int) -> dict[str, Variants]:
    """Return every kind of variant.

    Args:
        corpus: whose manifest lists names; those of its train split are drawn from.
        n_swaps: times that each document gets other names, every time those of other nations.
        seed: of the choice of names.
    """
    styles: dict[str, Callable[[str], str]] = {
        "straight quotation marks": straight_quotes,
        "curly quotation marks": curly_quotes,
        "hyphens for dashes": plain_dashes,
        "lower case": str.lower,
        "upper case": str.upper,
        "leftovers of HTML": html_leftovers,
    }
    return {NAMES: _swaps(corpus, n_swaps, seed)} | {
        kind: _styled(style) for kind, style in styles.items()
    }


def _styled(style: Callable[[str], str]) -> Variants:
    def vary(labelled: LabelledDocument) -> list[Document]:
        return [replace(labelled.document, text=style(labelled.document.text))]

    return vary


def _swaps(corpus: Corpus, n_swaps: int, seed: int) -> Variants:
    bank = corpus_name_bank(corpus)

    def vary(labelled: LabelledDocument) -> Iterator[Document]:
        doc_id = labelled.document.doc_id
        names = corpus.manifest[doc_id].names or nations_in(labelled.document.text)
        for index in range(n_swaps):
            yield _swapped(labelled, names, bank, f"{seed} {index} {doc_id}")

    return vary


def _swapped(
    labelled: LabelledDocument, names: Iterable[Name], bank: NameBank, seed: str
) -> Document:
    rng = random.Random(seed)  # noqa: S311
    return swap_names(labelled, draw_swaps(names, bank, rng)).document


def nations_in(text: str) -> tuple[Name, ...]:
    """Return the real nations that a text names, in any of their forms.

    >>> [name.name for name in nations_in("Two Kenyans were held in Peru.")]
    ['Kenya', 'Peru']
    """
    words = set(re.findall(r"\b[A-Z]\w+", text))
    return tuple(name for name in real_nations() if words & set(name.forms.values()))


def straight_quotes(text: str) -> str:
    r"""Return a text with typewriter quotation marks.

    >>> straight_quotes("“It wasn’t us”")
    '"It wasn\'t us"'
    """
    return text.translate(_STRAIGHTENED)


def curly_quotes(text: str) -> str:
    r"""Return a text with typographic quotation marks.

    >>> curly_quotes('"It wasn\'t us"')
    '“It wasn’t us”'
    """
    return _STRAIGHT.sub("“", text).replace('"', "”").replace("'", "’")


def plain_dashes(text: str) -> str:
    """Return a text with hyphens for dashes.

    >>> plain_dashes("No—never – not once")
    'No - never - not once'
    """
    return re.sub(r"\s*[—–]\s*", " - ", text)


def html_leftovers(text: str) -> str:
    r"""Return a text as a careless scraper leaves it, with character references and line breaks.

    >>> html_leftovers('"R&D", he said.\nNo.')
    '&quot;R&amp;D&quot;, he said.<br />\nNo.'
    """
    return html.escape(text).replace("\n", "<br />\n")
