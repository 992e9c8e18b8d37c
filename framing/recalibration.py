"""A saved model tuned anew on other labels; its weights stay as they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from framing.classifier import Classifier
from framing.corpus import Corpus
from framing.errors import ModelError
from framing.evaluation import gold_documents
from framing.model_folder import ModelManifest, SettingValue, new_model_folder, write_manifest
from framing.network_tuning import tune_network
from framing.onnx_runtime import OnnxClassifier
from framing.scoring import load_folder
from framing.spans import LabelledDocument, ScoredDocument
from framing.taxonomy import Taxonomy
from framing.tfidf import DEV_F1, TfidfClassifier, tune_weights
from framing.tfidf.samples import samples
from framing.tfidf.weights import save_settings
from framing.tuning import Tuning, overlap_f1


@dataclass(frozen=True)
class _Retuned:
    """What the model said of the documents before, and what it is tuned to."""

    before: Sequence[ScoredDocument]
    tuning: Tuning
    settings: dict[str, SettingValue]


def recalibrate(
    folder: Path,
    corpus: Corpus,
    split: str,
    output: Path,
    command: str,
    progress: Callable[[str], None],
) -> ModelManifest:
    """Choose thresholds, edges and calibration of a model anew, and save it as another folder.

    Version and facts of the training stay in the manifest.

    Args:
        folder: of the model.
        corpus: labels and the texts at hand.
        split: 'train', 'dev' or 'test': the documents to tune on.
        output: the model folder to write, or `folder` itself; its name is the model's.
        command: the command line; the manifest appends it to that of the training.
        progress: takes a line for each device when the model is saved.

    Raises:
        LabelsError: if no document of the split has its text here.
        ModelError: if the model cannot be loaded or has other devices or voices than the labels, or
            the output holds something else than a model or cannot be written.
    """
    documents = gold_documents(corpus, split)
    model = load_folder(folder)
    _check_taxonomy(model.manifest, corpus.taxonomy)
    with new_model_folder(output) as new:
        for name in model.manifest.files:
            shutil.copyfile(folder / name, new / name)
        retuned = _retune(model, documents, new)
        manifest = _manifest(model.manifest, retuned, output.name, command)
        manifest = write_manifest(new, manifest, list(manifest.files))
    for line in _changes(model.manifest, retuned, documents):
        progress(f"{line} on {split}")
    return manifest


def _check_taxonomy(manifest: ModelManifest, taxonomy: Taxonomy) -> None:
    own = manifest.taxonomy
    problems = [
        *_differences("devices", own.device_names, taxonomy.device_names),
        *_differences("voices", own.voice_names, taxonomy.voice_names),
    ]
    if problems:
        raise ModelError(
            f"{manifest.name}: {'; '.join(problems)}. Expected labels with the devices and voices "
            "of the model. Train a model on these labels."
        )


def _differences(kind: str, known: Sequence[str], labelled: Sequence[str]) -> Iterator[str]:
    sides = {"in the model": set(known), "in the labels": set(labelled)}
    common = set.intersection(*sides.values())
    for side, names in sides.items():
        if names != common:
            yield f"{kind} only {side}: {', '.join(sorted(names - common))}"


def _retune(model: Classifier, documents: Sequence[LabelledDocument], folder: Path) -> _Retuned:
    """Tune a model, and write what changes in its files to a folder."""
    if isinstance(model, TfidfClassifier):
        return _retune_tfidf(model, documents, folder)
    assert isinstance(model, OnnxClassifier)
    return _retune_network(model, documents)


def _retune_tfidf(
    model: TfidfClassifier, documents: Sequence[LabelledDocument], folder: Path
) -> _Retuned:
    taxonomy, settings = model.manifest.taxonomy, model.manifest.settings
    before = model.predict([labelled.document for labelled in documents])
    weights, tuning = tune_weights(model.weights, samples(documents, taxonomy), documents, taxonomy)
    save_settings(weights, taxonomy, folder)
    kept = {name: value for name, value in settings.items() if name != DEV_F1}
    return _Retuned(before, tuning, kept)


def _retune_network(model: OnnxClassifier, documents: Sequence[LabelledDocument]) -> _Retuned:
    reads = list(model.network.read(labelled.document for labelled in documents))
    edges, tuning = tune_network(model.network, reads, documents)
    before = [model.score_read(read) for read in reads]
    return _Retuned(before, tuning, model.manifest.settings | {"edges": edges})


def _manifest(old: ModelManifest, retuned: _Retuned, name: str, command: str) -> ModelManifest:
    return replace(
        old,
        name=name,
        command=f"{old.command} && {command}",
        created=datetime.now(UTC).date().isoformat(),
        thresholds=retuned.tuning.thresholds,
        calibration=retuned.tuning.calibration,
        settings=retuned.settings,
    )


def _changes(
    old: ModelManifest, retuned: _Retuned, documents: Sequence[LabelledDocument]
) -> Iterator[str]:
    """Yield for each device its report threshold and overlap F1, before and after."""
    for device, thresholds in retuned.tuning.thresholds.items():
        before = [scored.spans_of(device) for scored in retuned.before]
        n_spans = sum(len(labelled.spans_of(device)) for labelled in documents)
        yield (
            f"{device}: report threshold {old.thresholds[device].report:.2f} → "
            f"{thresholds.report:.2f}, overlap F1 {overlap_f1(documents, before, device):.3f} → "
            f"{retuned.tuning.f1[device]:.3f} with {n_spans} gold spans"
        )
