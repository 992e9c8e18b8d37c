"""A small model for tests: it reads the text, and marks phrases that stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from framing.classifier import Classifier
from framing.errors import FramingError
from framing.model_folder import (
    Calibration,
    ModelManifest,
    Sigmoid,
    Thresholds,
    write_manifest,
)
from framing.sentences import sentence_bounds
from framing.spans import Document, LabelledSpan, ScoredDocument
from framing.taxonomy import Device, Taxonomy, Voice

TAXONOMY = Taxonomy(
    labels_version="0.3",
    codebook_version="1.0",
    devices=(
        Device("denial", "Denial", "D", "#D55E00", "An allegation is flatly rejected."),
        Device("blame_shifting", "Blame shifting", "B", "#E69F00", "Blame is put on another."),
    ),
    voices=(
        Voice("own", "own voice", "The narrator says it."),
        Voice("quoted", "quoted", "It stands in a quotation."),
        Voice("reported", "reported", "It is related."),
    ),
)

# phrase: device, voice, score
PHRASES: Mapping[str, tuple[str, str, float]] = {
    "there was no leak": ("denial", "quoted", 0.93),
    "no leak": ("blame_shifting", "own", 0.81234567),
    "never happened": ("denial", "own", 0.7),
    "foreign hands broke the dam": ("blame_shifting", "reported", 0.66),
    "may be rumours": ("denial", "reported", 0.4),
}


class PhraseMatcher(Classifier):
    """Marks PHRASES; from 0.5 on they are reported. A text with 'unscorable' raises."""

    def __init__(self) -> None:
        self.manifest = manifest()

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        for document in documents:
            yield self._scored(document)

    def _scored(self, document: Document) -> ScoredDocument:
        if "unscorable" in document.text:
            raise FramingError("the text cannot be scored")
        if "impatient" in document.text:
            raise KeyboardInterrupt
        found = sorted(
            LabelledSpan(match.start(), match.end(), device, voice, score, 0.9)
            for phrase, (device, voice, score) in PHRASES.items()
            for match in re.finditer(phrase, document.text)
        )
        return ScoredDocument(
            document=document,
            spans=tuple(span for span in found if (span.score or 0) >= 0.5),
            device_scores={
                name: max((s.score or 0 for s in found if s.device == name), default=0.05)
                for name in TAXONOMY.device_names
            },
            uncertain=tuple(span for span in found if (span.score or 0) < 0.5),
            sentences=sentence_bounds(document.text),
        )


def manifest(**changes: object) -> ModelManifest:
    fields: dict[str, object] = {
        "name": "phrases",
        "kind": "tfidf",
        "version": "1.2",
        "labels_version": "0.3",
        "labels_digest": "abc123",
        "seed": 7,
        "command": "framing train tfidf --seed 7",
        "created": "2026-01-31",
        "libraries": {"numpy": "2.4"},
        "taxonomy": TAXONOMY,
        "thresholds": {name: Thresholds(0.5, 0.25) for name in TAXONOMY.device_names},
        "calibration": Calibration(
            spans={name: Sigmoid(1, 0) for name in TAXONOMY.device_names},
            documents={name: Sigmoid(1, 0) for name in TAXONOMY.device_names},
        ),
        "settings": {},
    }
    return ModelManifest(**(fields | changes))  # type: ignore[arg-type]


def make_model_folder(folder: Path, **changes: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes(b'{"weights": [1, 2, 3]}')
    write_manifest(folder, manifest(**changes), ["model.json"])
    return folder


def scored(text: str, **fields: object) -> ScoredDocument:
    document = Document(doc_id="d1", text=text, **fields)  # type: ignore[arg-type]
    return PhraseMatcher().predict(document)
