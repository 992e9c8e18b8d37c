"""Five hand-made documents, gold and predicted, on which every figure is worked out by hand.

Each text has four sentences of 20 characters: 0:20, 20:40, 40:60, 60:80.

            gold                                   predicted (score)
    one     D 0:20 own, S 40:60 quoted             D 0:20 own (.9), S 50:60 quoted (.8)
    two     D 20:60 own                            D 20:40 quoted (.7), D 40:50 own (.6)
    three   -                                      D 0:30 own (.6)
    four    D 0:10 own, D 5:20 quoted, S 60:80 own D 0:20 own (.9); uncertain S 60:80 own (.3)
    five    S 20:40 reported                       D 20:40 own (.5), S 10:50 reported (.5)

D is the device 'denial', S 'sourcing_appeal'. One to three are authored, four and five are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from framing.calibration import Sigmoid
from framing.classifier import Classifier
from framing.corpus import Corpus, ManifestRow
from framing.model_folder import Calibration, ModelManifest, Thresholds
from framing.spans import Document, LabelledDocument, LabelledSpan, ScoredDocument, Span
from framing.taxonomy import Device, Taxonomy, Voice

D, S = "denial", "sourcing_appeal"
SENTENCES = tuple(Span(start, start + 20) for start in range(0, 80, 20))
TAXONOMY = Taxonomy(
    labels_version="0.3.0",
    codebook_version="1.0",
    devices=tuple(Device(name, name.title(), name[0].upper(), "#000000", "…") for name in (D, S)),
    voices=tuple(Voice(name, name, "…") for name in ("own", "quoted", "reported")),
)

_GOLD = {
    "one": [(0, 20, D, "own"), (40, 60, S, "quoted")],
    "two": [(20, 60, D, "own")],
    "three": [],
    "four": [(0, 10, D, "own"), (5, 20, D, "quoted"), (60, 80, S, "own")],
    "five": [(20, 40, S, "reported")],
}
_PREDICTED = {
    "one": [(0, 20, D, "own", 0.9), (50, 60, S, "quoted", 0.8)],
    "two": [(20, 40, D, "quoted", 0.7), (40, 50, D, "own", 0.6)],
    "three": [(0, 30, D, "own", 0.6)],
    "four": [(0, 20, D, "own", 0.9)],
    "five": [(10, 50, S, "reported", 0.5), (20, 40, D, "own", 0.5)],
}
_UNCERTAIN = {"four": [(60, 80, S, "own", 0.3)]}
_PLACES = {"one": "mill", "two": "shop", "three": "bank", "four": "port", "five": "road"}


def _document(doc_id: str) -> Document:
    collection = "authored" if doc_id in ("one", "two", "three") else "semeval2025"
    text = f"They closed a {_PLACES[doc_id]}.\n" * 4
    return Document(doc_id, text, metadata={"collection": collection})


GOLD = tuple(
    LabelledDocument(_document(doc_id), tuple(LabelledSpan(*span) for span in spans))
    for doc_id, spans in _GOLD.items()
)
PREDICTED = tuple(
    ScoredDocument(
        gold.document,
        tuple(LabelledSpan(*span) for span in _PREDICTED[gold.document.doc_id]),
        uncertain=tuple(LabelledSpan(*span) for span in _UNCERTAIN.get(gold.document.doc_id, [])),
        sentences=SENTENCES,
    )
    for gold in GOLD
)


def corpus(unavailable: tuple[str, ...] = ()) -> Corpus:
    """Return the five documents as the test split; `unavailable` are of collection 'ptc'."""
    rows = {
        gold.document.doc_id: ManifestRow(
            doc_id=gold.document.doc_id,
            collection=gold.document.metadata["collection"],
            sha256=gold.document.sha256,
            n_characters=80,
        )
        for gold in GOLD
    } | {
        doc_id: ManifestRow(doc_id=doc_id, collection="ptc", sha256="0" * 64, n_characters=9)
        for doc_id in unavailable
    }
    return Corpus(TAXONOMY, rows, GOLD, dict.fromkeys(rows, "test"), unavailable)


class Listed(Classifier):
    """A model that looks up the spans of a document in a list."""

    def __init__(self, name: str, documents: Iterable[LabelledDocument]) -> None:
        self._scored = {
            listed.document.text: ScoredDocument(
                listed.document, listed.spans, uncertain=getattr(listed, "uncertain", ())
            )
            for listed in documents
        }
        self.manifest = ModelManifest(
            name=name,
            kind="tfidf",
            version="2026.1",
            labels_version="0.3.0",
            labels_digest="0123456789ab",
            seed=0,
            command="framing train tfidf",
            created="2026-01-01T00:00:00+00:00",
            libraries={"numpy": "2.0"},
            taxonomy=TAXONOMY,
            thresholds={D: Thresholds(0.5, 0.25)},
            calibration=Calibration({D: Sigmoid(1.0, 0.0)}, {}),
            settings={"width": 0.1},
        )

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        return (self._scored[document.text] for document in documents)
