"""Scoring by an exported network: onnxruntime and tokenizers, without torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from framing.calibration import apply_sigmoid
from framing.classifier import Classifier
from framing.decoding import (
    Candidate,
    Floats,
    TokenProbabilities,
    decode_candidates,
    grade,
    logit,
)
from framing.encoding import Tokens, owned_bounds, tokenize, window_bounds
from framing.errors import ModelError
from framing.model_folder import ModelManifest
from framing.sentences import sentence_bounds
from framing.spans import Document, ScoredDocument, Span
from framing.taxonomy import Taxonomy

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int64]

NETWORK = "model.onnx"
TOKENIZER = "tokenizer.json"
# Fused, sum and layer norm take four times as long as one after the other (onnxruntime 1.31): a
# tenth to a sixth of all time.
SLOW_FUSIONS = ["SkipLayerNormFusion"]


@dataclass(frozen=True)
class NetworkSettings:
    """How a network reads a text, as its manifest's settings say.

    Attributes:
        window: tokens of a window, special tokens included.
        overlap: tokens that neighbouring windows share.
        first_id: vocabulary id before a window.
        last_id: vocabulary id after a window.
        max_gap: tokens under the edge probability that a span may bridge.
        edges: for each device the probability at which a token may join a span.
        shortest: for each device the fewest words of a span.
    """

    window: int
    overlap: int
    first_id: int
    last_id: int
    max_gap: int
    edges: dict[str, float]
    shortest: dict[str, float]


@dataclass(frozen=True)
class ReadDocument:
    """A document, its sentences and tokens, and what the network says of the tokens."""

    document: Document
    sentences: tuple[Span, ...]
    tokens: Tokens
    probabilities: Floats  # (n_tokens, n_devices + n_voices)


class Network:
    """An exported network with its tokenizer; one session serves any number of threads.

    Each window is run by one thread, and as many windows at a time as there are cores: two cores
    that share the work of one window read a fifth fewer tokens a second.
    """

    def __init__(self, folder: Path, settings: NetworkSettings, taxonomy: Taxonomy) -> None:
        self.settings = settings
        self.taxonomy = taxonomy
        self._session = _open_session(folder / NETWORK)
        self._tokenizer = _open_tokenizer(folder / TOKENIZER)
        self._threads = ThreadPoolExecutor(_n_threads(), thread_name_prefix="framing-network")

    def read(self, documents: Iterable[Document]) -> Iterator[ReadDocument]:
        """Yield documents with the probabilities of all their tokens, in the order given.

        No window shares a batch with another. The 8-bit arithmetic scales its numbers by the
        greatest of a batch, so that a text's spans would depend on its neighbours (of 112 spans in
        40 articles 44 did); and batches of eight windows were no faster on two cores.
        """
        for document in documents:
            sentences = sentence_bounds(document.text)
            tokens = tokenize(document.text, sentences, self._tokenizer)
            yield ReadDocument(document, sentences, tokens, self._probabilities(tokens))

    def windows(self, text: str) -> list[Ids]:
        """Return the token ids of the windows of a text, special tokens included."""
        tokens = tokenize(text, sentence_bounds(text), self._tokenizer)
        return [self._ids(tokens, window) for window in self._bounds(tokens)]

    def run_all(self, batches: Iterable[tuple[Ids, Ids]]) -> list[Floats]:
        """Return the probabilities of batches of windows, (batch, length, n_outputs) each.

        Args:
            batches: token ids, (batch, length), and a mask of that shape: 1 at tokens, 0 at
                padding.
        """
        return list(self._threads.map(lambda batch: self._run(*batch), batches))

    def _run(self, ids: Ids, mask: Ids) -> Floats:
        probabilities: Floats
        (probabilities,) = self._session.run(
            ["probabilities"], {"input_ids": ids, "attention_mask": mask}
        )
        return probabilities

    def _probabilities(self, tokens: Tokens) -> Floats:
        n_outputs = len(self.taxonomy.devices) + len(self.taxonomy.voices)
        probabilities = np.zeros((len(tokens), n_outputs), dtype=np.float32)
        windows = self._bounds(tokens)
        batches = [self._ids(tokens, window)[np.newaxis] for window in windows]
        found = self.run_all((ids, np.ones_like(ids)) for ids in batches)
        for window, owned, batch in zip(windows, owned_bounds(windows), found, strict=True):
            outputs = batch[0, 1:-1]
            first = owned.start - window.start
            probabilities[owned.start : owned.end] = outputs[first : first + len(owned)]
        return probabilities

    def _bounds(self, tokens: Tokens) -> list[Span]:
        return window_bounds(len(tokens), self.settings.window - 2, self.settings.overlap)

    def _ids(self, tokens: Tokens, window: Span) -> Ids:
        inner = tokens.ids[window.start : window.end]
        return np.concatenate(
            [[self.settings.first_id], inner, [self.settings.last_id]], dtype=np.int64
        )


class OnnxClassifier(Classifier):
    """A fine-tuned transformer, exported to ONNX."""

    def __init__(self, network: Network, manifest: ModelManifest) -> None:
        self.network = network
        self.manifest = manifest

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        """Yield each document with its spans, in the order given (see `Classifier`)."""
        for read in self.network.read(documents):
            yield self.score_read(read)

    def score_read(self, read: ReadDocument) -> ScoredDocument:
        """Return a document that the network has read with its spans."""
        found = candidates(read, self.network.taxonomy, self.network.settings)
        spans, uncertain = grade(found, self.manifest.thresholds, self.manifest.calibration)
        raw = document_scores(read, self.network.taxonomy)
        scores = {
            device: float(
                apply_sigmoid(self.manifest.calibration.documents[device], np.asarray(value))
            )
            for device, value in raw.items()
        }
        return ScoredDocument(read.document, spans, scores, uncertain, read.sentences)


def candidates(
    read: ReadDocument, taxonomy: Taxonomy, settings: NetworkSettings
) -> list[Candidate]:
    """Return the stretches of a document that may be spans of the devices in `settings.edges`."""
    n_devices = len(taxonomy.devices)
    probabilities = TokenProbabilities(
        read.probabilities[:, :n_devices], read.probabilities[:, n_devices:]
    )
    return decode_candidates(
        read.document.text,
        read.sentences,
        read.tokens,
        probabilities,
        taxonomy,
        settings.edges,
        settings.shortest,
        settings.max_gap,
    )


def document_scores(read: ReadDocument, taxonomy: Taxonomy) -> dict[str, float]:
    """Return for each device the logit of the highest probability of a token, uncalibrated."""
    names = taxonomy.device_names
    highest = read.probabilities[:, : len(names)].max(axis=0, initial=0.0)
    return {name: logit(float(value)) for name, value in zip(names, highest, strict=True)}


def network_settings(manifest: ModelManifest) -> NetworkSettings:
    """Return how a network reads, from its manifest.

    Raises:
        ModelError: if a setting is missing or of another type.
    """
    import msgspec

    try:
        return msgspec.convert(manifest.settings, NetworkSettings)
    except msgspec.ValidationError as error:
        raise ModelError(
            f"model {manifest.name}: settings: {error}. Get the model again."
        ) from error


def load_onnx(folder: Path, manifest: ModelManifest) -> OnnxClassifier:
    """Load an exported transformer whose files were checked.

    Raises:
        ModelError: if the network or the tokenizer cannot be opened.
    """
    network = Network(folder, network_settings(manifest), manifest.taxonomy)
    return OnnxClassifier(network, manifest)


def _n_threads() -> int:
    named = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]  # may be a list, one a level
    if named.isdecimal() and int(named):
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _open_session(path: Path) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=SLOW_FUSIONS,
        )
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise ModelError(
            f"{path}: cannot be opened ({_first_line(error)}). Get the model again."
        ) from error


def _open_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(
            f"{path}: cannot be opened ({_first_line(error)}). Get the model again."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
