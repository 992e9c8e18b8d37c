"""Models against gold labels: every figure with its support, its interval and its signature."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from framing import __version__, metrics
from framing.classifier import Classifier
from framing.corpus import AUTHORED, Corpus
from framing.errors import LabelsError, ModelError, UsageError
from framing.figures import (
    MICRO,
    DocumentCounts,
    Figure,
    GroupFigures,
    count_document,
    group_figures,
)
from framing.invariance import Flips, Variants, all_variants, measure_flips
from framing.predictions import Predictions, read_predictions
from framing.sentences import sentence_bounds
from framing.spans import LabelledDocument, ScoredDocument

__all__ = [
    "Comparison",
    "Evaluation",
    "ModelEvaluation",
    "Signature",
    "evaluate",
    "read_predictions",
]

ALL = "all"
REAL = "real"


class ModelEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one model.

    Attributes:
        kind: kind of the model, or 'predictions' for those of an outside system.
        sha256: of the model's manifest, or of the file of predictions.
        seconds: time to score the documents on this machine; None for predictions.
        flips: by kind of variant and by device; empty unless asked for, and for predictions.
    """

    name: str
    kind: str
    version: str | None
    sha256: str
    seconds: float | None
    characters_per_second: float | None
    groups: dict[str, GroupFigures]
    flips: dict[str, dict[str, Flips]]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap F1 of the second model minus that of the first, over the same documents.

    Attributes:
        device: a device, or 'micro'.
        p_value: by approximate randomisation, not corrected for the number of comparisons.
    """

    first: str
    second: str
    group: str
    device: str
    difference: Figure
    p_value: float


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that made the figures.

    Attributes:
        digest: of ids, texts and gold spans of the documents.
        n_unavailable: documents of the split that are labelled but have no text here.
    """

    split: str
    collections: tuple[str, ...]
    n_documents: int
    n_unavailable: int
    n_spans: int
    n_characters: int
    digest: str
    labels_version: str
    seed: int
    n_resamples: int
    framing_version: str

    def __str__(self) -> str:
        return (
            f"split {self.split} ({', '.join(self.collections)}) | {self.n_documents} documents | "
            f"{self.n_spans} gold spans | data {self.digest} | labels {self.labels_version} | "
            f"overlap F1 of SemEval-2020 Task 11 | 95 % percentile bootstrap over documents, "
            f"{self.n_resamples} resamples, seed {self.seed} | framing {self.framing_version}"
        )


class Evaluation(msgspec.Struct, frozen=True):
    """Models side by side on one split; each further model is compared with the first."""

    signature: Signature
    models: tuple[ModelEvaluation, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def headline(self) -> Figure:
        """Overlap F1 of the first model on all documents, micro average over devices."""
        return self.models[0].groups[ALL].micro.overlap.f1


@dataclass(frozen=True)
class _Run:
    """What one model said of the documents, counted."""

    name: str
    seconds: float | None
    scored: bool
    counts: list[dict[str | None, DocumentCounts]]
    flips: dict[str, dict[str, Flips]]


def evaluate(
    models: Sequence[Classifier | Predictions],
    corpus: Corpus,
    split: str = "test",
    collections: Collection[str] | None = None,
    seed: int = 0,
    n_swaps: int = 0,
) -> Evaluation:
    """Score the documents of a split with each model and hold the spans against the gold spans.

    Args:
        models: models, or predictions of outside systems, in the order of the report.
        corpus: labels and the texts at hand.
        split: 'train', 'dev' or 'test'.
        collections: names of collections, or 'real' for all but 'authored'; None for all.
        seed: of the resamples behind intervals and tests, and of the choice of names.
        n_swaps: times that each document is scored under other names, and once in each other style,
            to count the verdicts that flip; 0 leaves that out.

    Raises:
        UsageError, LabelsError: as `gold_documents`.
        ModelError: if a model knows no device of the labels.
        InputError: if predictions are not of these documents.
    """
    names = _collection_names(corpus, collections)
    documents = gold_documents(corpus, split, names)
    for model in models:
        _check_devices(model, corpus)
    variants = all_variants(corpus, n_swaps, seed) if n_swaps else {}
    runs = list(_runs(models, documents, corpus.taxonomy.device_names, variants, seed))
    groups = _groups(documents)
    weights = {name: metrics.bootstrap_weights(len(group), seed) for name, group in groups.items()}
    signature = _signature(corpus, split, names, documents, seed)
    return Evaluation(
        signature,
        tuple(
            _model_evaluation(model, run, groups, weights, signature.n_characters)
            for model, run in zip(models, runs, strict=True)
        ),
        tuple(
            comparison
            for run in runs[1:]
            for comparison in _comparisons(runs[0], run, groups, weights, seed)
        ),
    )


def gold_documents(
    corpus: Corpus, split: str, collections: Collection[str] | None = None
) -> tuple[LabelledDocument, ...]:
    """Return the labelled documents of a split that have their text here (see `evaluate`).

    Raises:
        UsageError: if the split or a collection is unknown.
        LabelsError: if there is none.
    """
    names = _collection_names(corpus, collections)
    documents = corpus.split(split, names)
    if not documents:
        raise LabelsError([_no_documents(corpus, split, names)])
    return documents


def unavailable(corpus: Corpus, split: str, collections: Collection[str]) -> list[str]:
    """Return the ids of labelled documents of a split that have no text here."""
    return [
        doc_id
        for doc_id in corpus.unavailable
        if corpus.splits.get(doc_id) == split and corpus.manifest[doc_id].collection in collections
    ]


def _collection_names(corpus: Corpus, wanted: Collection[str] | None) -> tuple[str, ...]:
    labelled = [d.document.doc_id for d in corpus.documents] + list(corpus.unavailable)
    known = sorted({corpus.manifest[doc_id].collection for doc_id in labelled})
    names = set(wanted or known)
    if REAL in names:
        names = names - {REAL} | set(known) - {AUTHORED}
    if unknown := sorted(names - set(known)):
        raise UsageError(
            f"collection {unknown[0]!r}: no document of it is labelled. "
            f"Expected '{REAL}', or one of {', '.join(known)}."
        )
    return tuple(sorted(names))


def _no_documents(corpus: Corpus, split: str, names: Collection[str]) -> str:
    n_missing = len(unavailable(corpus, split, names))
    found = (
        f"{n_missing} labelled documents, none with its text here" if n_missing else "no document"
    )
    fix = "Run 'framing seeds attach'" if n_missing else "Choose another split or collection"
    return f"{split} split of {', '.join(names) or 'the labels'}: {found}. {fix}."


def _check_devices(model: Classifier | Predictions, corpus: Corpus) -> None:
    if isinstance(model, Predictions):
        return
    known, labelled = model.manifest.taxonomy.device_names, corpus.taxonomy.device_names
    if not set(known) & set(labelled):
        raise ModelError(
            f"{model.manifest.name}: finds {', '.join(known)}, but the labels have "
            f"{', '.join(labelled)}. Choose a model that was trained on labels with these devices."
        )


def _runs(
    models: Sequence[Classifier | Predictions],
    documents: Sequence[LabelledDocument],
    devices: Sequence[str],
    variants: Mapping[str, Variants],
    seed: int,
) -> Iterator[_Run]:
    sentences = [sentence_bounds(gold.document.text) for gold in documents]
    names = [_name(model) for model in models]
    for index, model in enumerate(models):
        started = time.perf_counter()
        scored = _predict(model, documents, devices)
        seconds = time.perf_counter() - started
        counts = [
            count_document(gold, predicted, bounds, devices)
            for gold, predicted, bounds in zip(documents, scored, sentences, strict=True)
        ]
        doubled = Counter(names)[names[index]] > 1
        yield _Run(
            name=f"{names[index]} ({index + 1})" if doubled else names[index],
            seconds=None if isinstance(model, Predictions) else seconds,
            scored=all(span.score is not None for p in scored for span in (*p.spans, *p.uncertain)),
            counts=counts,
            flips={}
            if isinstance(model, Predictions)
            else measure_flips(model, documents, scored, variants, seed),
        )


def _name(model: Classifier | Predictions) -> str:
    return model.name if isinstance(model, Predictions) else model.manifest.name


def _predict(
    model: Classifier | Predictions,
    documents: Sequence[LabelledDocument],
    devices: Sequence[str],
) -> list[ScoredDocument]:
    texts = [gold.document for gold in documents]
    if isinstance(model, Predictions):
        return model.of_documents(texts, devices)
    return list(model.score_documents(texts))


def _groups(documents: Sequence[LabelledDocument]) -> dict[str, list[int]]:
    """Return the indices of the documents of each group that has any."""
    authored = [gold.document.metadata.get("collection") == AUTHORED for gold in documents]
    groups = {
        ALL: list(range(len(documents))),
        AUTHORED: [index for index, ours in enumerate(authored) if ours],
        REAL: [index for index, ours in enumerate(authored) if not ours],
    }
    return {name: indices for name, indices in groups.items() if indices}


def _model_evaluation(
    model: Classifier | Predictions,
    run: _Run,
    groups: dict[str, list[int]],
    weights: dict[str, metrics.Floats],
    n_characters: int,
) -> ModelEvaluation:
    kind, version, sha256 = _identity(model)
    return ModelEvaluation(
        name=run.name,
        kind=kind,
        version=version,
        sha256=sha256,
        seconds=run.seconds,
        characters_per_second=n_characters / run.seconds if run.seconds else None,
        groups={
            name: group_figures([run.counts[index] for index in group], weights[name], run.scored)
            for name, group in groups.items()
        },
        flips=run.flips,
    )


def _identity(model: Classifier | Predictions) -> tuple[str, str | None, str]:
    """Return kind, version and SHA-256, that of the manifest as `write_manifest` writes it."""
    if isinstance(model, Predictions):
        return "predictions", None, model.sha256
    content = msgspec.json.format(msgspec.json.encode(model.manifest), indent=1) + b"\n"
    return model.manifest.kind, model.manifest.version, hashlib.sha256(content).hexdigest()


def _comparisons(
    first: _Run,
    second: _Run,
    groups: dict[str, list[int]],
    weights: dict[str, metrics.Floats],
    seed: int,
) -> Iterator[Comparison]:
    for group, indices in groups.items():
        for device in first.counts[0]:
            rows = [
                np.array([run.counts[index][device].overlap.row for index in indices], dtype=float)
                for run in (first, second)
            ]
            found = metrics.paired_difference(metrics.f1, rows[0], rows[1], weights[group], seed)
            if found is not None:
                yield Comparison(
                    first=first.name,
                    second=second.name,
                    group=group,
                    device=device or MICRO,
                    difference=Figure(found.value, *(found.interval or ())),
                    p_value=found.p_value,
                )


def _signature(
    corpus: Corpus,
    split: str,
    names: tuple[str, ...],
    documents: Sequence[LabelledDocument],
    seed: int,
) -> Signature:
    return Signature(
        split=split,
        collections=names,
        n_documents=len(documents),
        n_unavailable=len(unavailable(corpus, split, names)),
        n_spans=sum(len(gold.spans) for gold in documents),
        n_characters=sum(len(gold.document.text) for gold in documents),
        digest=corpus.digest(documents),
        labels_version=corpus.version,
        seed=seed,
        n_resamples=metrics.N_RESAMPLES,
        framing_version=__version__,
    )
