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
from framing.decoding import Candidate, count_words
from framing.errors import LabelsError, MissingExtraError, ModelError
from framing.model_folder import (
    MANIFEST,
    Calibration,
    ModelManifest,
    SettingValue,
    Thresholds,
    write_manifest,
)
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy
from framing.tuning import calibration_of, fit_document_scores, tune_device

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from framing.onnx_runtime import Network, NetworkSettings, ReadDocument
    from framing.transformer import SpanNetwork, TransformerSettings

Progress = Callable[[str], None]
CHECKPOINTS = "checkpoints"
EDGES = (0.05, 0.1, 0.15, 0.25)
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
    run: TrainingRun, settings: TransformerSettings, progress: Progress
) -> ModelManifest:
    """Fine-tune an encoder on the train split, tune it on dev, export it to ONNX int8, and save it.

    Checkpoints stand in `<output>.checkpoints`: the same command on the same labels goes on from
    them after an interrupt. They are removed at the end.

    Raises:
        MissingExtraError: if torch or transformers is not installed.
        LabelsError: if a split is empty.
        ModelError: if the base model cannot be loaded, or the output folder holds something else
            than a model.
    """
    require_torch()
    from framing.onnx_runtime import Network
    from framing.transformer import fit_transformer

    checkpoints = run.output.with_name(f"{run.output.name}.{CHECKPOINTS}")

    def fit(folder: Path) -> Fitted:
        train, dev = run.examples(), run.documents("dev")
        progress(f"{len(train)} documents to train on, {len(dev)} to tune on")
        labels = run.corpus.digest([*train, *dev])
        key = f"{settings} {run.seed} {labels} {run.corpus.taxonomy}"
        own = checkpoints / hashlib.sha256(key.encode()).hexdigest()[:12]
        network, tokenizer = fit_transformer(
            train, dev, run.corpus.taxonomy, settings, run.seed, own
        )
        progress("export to ONNX, thresholds and calibration")
        reading = _export(network, tokenizer, settings, folder)
        reading = replace(reading, shortest=_shortest(train, run.corpus.taxonomy))
        return _tune(Network(folder, reading, run.corpus.taxonomy), dev, progress)

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


def _tune(network: Network, dev: Sequence[LabelledDocument], progress: Progress) -> Fitted:
    """Choose edges and thresholds and fit the calibration on dev, with the network as it ships."""
    from framing.onnx_runtime import NETWORK, TOKENIZER, document_scores

    reads = list(network.read(labelled.document for labelled in dev))
    edges, tunings = {}, {}
    for device in network.taxonomy.device_names:
        gold = [[span for span in labelled.spans if span.device == device] for labelled in dev]
        found = {
            edge: tune_device(_candidates(network, reads, device, edge), gold) for edge in EDGES
        }
        edges[device] = max(EDGES, key=lambda edge: found[edge].f1)
        tunings[device] = found[edges[device]]
        progress(f"{device}: overlap F1 {tunings[device].f1:.3f} on dev")
    raw = [document_scores(read, network.taxonomy) for read in reads]
    calibration, thresholds = calibration_of(tunings, fit_document_scores(raw, dev))
    return Fitted(
        thresholds=thresholds,
        calibration=calibration,
        settings=asdict(replace(network.settings, edges=edges)),
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


def _candidates(
    network: Network, reads: Sequence[ReadDocument], device: str, edge: float
) -> list[list[Candidate]]:
    from framing.onnx_runtime import candidates

    settings = replace(network.settings, edges={device: edge})
    return [candidates(read, network.taxonomy, settings) for read in reads]


def _save(run: TrainingRun, kind: str, fit: Callable[[Path], Fitted]) -> ModelManifest:
    """Fit into a temporary folder that takes the output's place only when all went well."""
    if _holds_something_else(run.output):
        raise ModelError(f"{run.output}: holds something else than a model. Name another folder.")
    try:
        run.output.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=run.output.parent, prefix=f".{run.output.name}."))
    except OSError as error:
        raise ModelError(
            f"{run.output}: cannot be written ({error.strerror}). Name another folder."
        ) from error
    try:
        fitted = fit(folder)
        manifest = write_manifest(folder, _manifest(run, kind, fitted), fitted.file_names)
        folder.chmod(0o755)
        _replace(run.output, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _holds_something_else(output: Path) -> bool:
    if not output.is_dir():
        return output.exists()
    return any(output.iterdir()) and not (output / MANIFEST).exists()


def _replace(target: Path, folder: Path) -> None:
    if not target.exists():
        folder.rename(target)
        return
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)  # of a run that was killed at this point
    target.rename(old)
    folder.rename(target)
    shutil.rmtree(old)


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
