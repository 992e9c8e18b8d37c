"""One run from labels to a saved model."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from framing import __version__
from framing.augmentation import swapped_documents
from framing.corpus import Corpus
from framing.decoding import count_words
from framing.errors import LabelsError, MissingExtraError
from framing.model_folder import (
    Calibration,
    ModelManifest,
    SettingValue,
    Thresholds,
    new_model_folder,
    write_manifest,
)
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from framing.onnx_runtime import NetworkSettings
    from framing.transformer import SpanNetwork, TransformerSettings

Progress = Callable[[str], None]
CHECKPOINTS = "checkpoints"
MAX_GAP = 2
_LIBRARIES = {
    "tfidf": ("numpy", "scikit-learn", "safetensors"),
    "transformer": ("numpy", "onnxruntime", "tokenizers", "torch", "transformers"),
}


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What one training starts from, whatever the kind of model.

    Attributes:
        output: the model folder to write; its name is the model's name.
        collections: collections to train on; None for all.
        name_swaps: share in [0, 1] of the train documents with listed names that get other names.
        model_version: version that the manifest gives the model.
        command: the command line, for the manifest.
    """

    corpus: Corpus
    output: Path
    seed: int
    collections: Collection[str] | None
    name_swaps: float
    model_version: str
    command: str

    def documents(self, split: str) -> tuple[LabelledDocument, ...]:
        """Return the documents of a split.

        Raises:
            LabelsError: if there is none whose text is at hand.
        """
        documents = self.corpus.split(split, self.collections)
        if not documents:
            raise LabelsError(
                [f"split {split!r}: no labelled document with its text. Needed: train and dev."]
            )
        return documents

    def examples(self) -> list[LabelledDocument]:
        """Return the train split as it is learned from: some documents under other names.

        Raises:
            LabelsError: as `documents`.
        """
        return swapped_documents(self.corpus, self.documents("train"), self.name_swaps, self.seed)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What a trainer hands over: what the manifest keeps, and the files that it wrote."""

    thresholds: dict[str, Thresholds]
    calibration: Calibration
    settings: dict[str, SettingValue]
    file_names: list[str]


def train_tfidf(run: TrainingRun, progress: Progress) -> ModelManifest:
    """Fit the TF-IDF baseline on the train split, tune it on dev, and save it.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
        LabelsError: if a split is empty.
        ModelError: if the output folder holds something else than a model.
    """
    _need("sklearn", "scikit-learn")
    from framing.tfidf import fit_tfidf

    def fit(folder: Path) -> Fitted:
        model = fit_tfidf(
            run.examples(), run.documents("dev"), run.corpus.taxonomy, run.seed, progress
        )
        return Fitted(
            thresholds=model.thresholds,
            calibration=model.calibration,
            settings=model.settings,
            file_names=model.save(folder),
        )

    return _save(run, "tfidf", fit)


def train_transformer(
    run: TrainingRun,
    settings: TransformerSettings,
    progress: Progress,
    auxiliary: Sequence[Corpus] = (),
) -> ModelManifest:
    """Fine-tune an encoder on the train split, tune it on dev, export it to ONNX int8, and save it.

    Checkpoints stand in `<output>.checkpoints`: the same command on the same labels goes on from
    them after an interrupt. They are removed at the end.

    Args:
        run: what to train on.
        settings: how to train.
        progress: is told what is being done.
        auxiliary: corpora with other labels, of the same texts or of others. Their train splits are
            learned from as well, by outputs that are thrown away at the end.

    Raises:
        MissingExtraError: if torch or transformers is not installed.
        LabelsError: if a split is empty.
        ModelError: if the base model cannot be loaded, or the output folder holds something else
            than a model.
    """
    require_torch()
    from framing.transformer import LabelSet, fit_transformer

    checkpoints = run.output.parent / f"{run.output.name}.{CHECKPOINTS}"

    def fit(folder: Path) -> Fitted:
        train, dev = run.examples(), run.documents("dev")
        progress(f"{len(train)} documents to train on, {len(dev)} to tune on")
        label_sets = [LabelSet(train, run.corpus.taxonomy)]
        digests = [run.corpus.digest([*train, *dev])]
        for corpus in auxiliary:
            related = corpus.split("train")
            progress(f"{len(related)} documents with auxiliary labels")
            label_sets.append(LabelSet(related, corpus.taxonomy))
            digests.append(corpus.digest(related))
        key = f"{settings} {run.seed} {digests} {[each.taxonomy for each in label_sets]}"
        own = checkpoints / hashlib.sha256(key.encode()).hexdigest()[:12]
        network, tokenizer = fit_transformer(label_sets, dev, settings, run.seed, own)
        progress("export to ONNX, thresholds and calibration")
        reading = _export(network, tokenizer, settings, folder)
        reading = replace(reading, shortest=_shortest(train, run.corpus.taxonomy))
        return _tune(folder, reading, run.corpus.taxonomy, dev, progress)

    manifest = _save(run, "transformer", fit)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return manifest


def _export(
    network: SpanNetwork, tokenizer: Tokenizer, settings: TransformerSettings, folder: Path
) -> NetworkSettings:
    """Write the 8-bit network and its tokenizer into the model folder."""
    from framing.export import export_onnx, quantise
    from framing.onnx_runtime import NETWORK, TOKENIZER, NetworkSettings
    from framing.transformer import special_ids

    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        whole = Path(scratch) / NETWORK
        export_onnx(network, whole)
        quantise(whole, folder / NETWORK)
    tokenizer.save(str(folder / TOKENIZER))
    first, last = special_ids(tokenizer)
    return NetworkSettings(settings.window, settings.overlap, first, last, MAX_GAP, {}, {})


def _tune(
    folder: Path,
    reading: NetworkSettings,
    taxonomy: Taxonomy,
    dev: Sequence[LabelledDocument],
    progress: Progress,
) -> Fitted:
    """Choose edges and thresholds and fit the calibration on dev, with the network as it ships."""
    from framing.network_tuning import tune_network
    from framing.onnx_runtime import NETWORK, TOKENIZER, Network

    network = Network(folder, reading, taxonomy)
    reads = list(network.read(labelled.document for labelled in dev))
    edges, tuning = tune_network(network, reads, dev)
    for device, f1 in tuning.f1.items():
        progress(f"{device}: overlap F1 {f1:.3f} on dev")
    return Fitted(
        thresholds=tuning.thresholds,
        calibration=tuning.calibration,
        settings=asdict(replace(reading, edges=edges)),
        file_names=[NETWORK, TOKENIZER],
    )


def _shortest(documents: Sequence[LabelledDocument], taxonomy: Taxonomy) -> dict[str, float]:
    """Return for each device the words of a span that 1 in 100 gold spans fall short of."""
    n_words: dict[str, list[int]] = {device: [] for device in taxonomy.device_names}
    for labelled in documents:
        for span in labelled.spans:
            n_words[span.device].append(count_words(labelled.document.text, span))
    return {
        device: sorted(counts)[len(counts) // 100] if counts else 1
        for device, counts in n_words.items()
    }


def _save(run: TrainingRun, kind: str, fit: Callable[[Path], Fitted]) -> ModelManifest:
    with new_model_folder(run.output) as folder:
        fitted = fit(folder)
        return write_manifest(folder, _manifest(run, kind, fitted), fitted.file_names)


def _manifest(run: TrainingRun, kind: str, fitted: Fitted) -> ModelManifest:
    used = [*run.documents("train"), *run.documents("dev")]
    libraries = {name: version(name) for name in _LIBRARIES[kind]}
    return ModelManifest(
        name=run.output.name,
        kind=kind,
        version=run.model_version,
        labels_version=run.corpus.version,
        labels_digest=run.corpus.digest(used),
        seed=run.seed,
        command=run.command,
        created=datetime.now(UTC).date().isoformat(),
        libraries={"framing": __version__, **libraries},
        taxonomy=run.corpus.taxonomy,
        thresholds=fitted.thresholds,
        calibration=fitted.calibration,
        settings=fitted.settings,
    )


def require_torch() -> None:
    """Check that what fine-tuning needs is installed.

    Raises:
        MissingExtraError: if torch or transformers is not.
    """
    _need("torch", "torch")
    _need("transformers", "transformers")


def _need(module: str, library: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise MissingExtraError(library, "train", "training")
