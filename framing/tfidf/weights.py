"""The weights of a fitted baseline, and their two files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from framing.errors import ModelError
from framing.files import atomic_writer, write_text
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import BUCKET_BITS, F32, LONGEST, Features, Vocabulary
from framing.tfidf.voice_cues import CUES

WEIGHTS, SETTINGS = "weights.safetensors", "model.json"


@dataclass(frozen=True)
class Linear:
    """A linear model over the columns of the vocabulary.

    Attributes:
        weights: shape (n_columns, n_outputs).
        bias: shape (n_outputs,).
    """

    weights: F32
    bias: F32

    def logits(self, features: Features) -> F32:
        """Return the output for each sentence, shape (n_rows, n_outputs)."""
        return features.linear(self.weights) + self.bias


@dataclass(frozen=True)
class TfidfWeights:
    """All weights of the baseline.

    Attributes:
        vocabulary: the n-grams that it knows.
        sentence: log odds that a sentence holds each device.
        clause: log odds that a clause belongs to a span, in a sentence that holds the device.
        voice: log odds of each voice, from the n-grams of a span's sentence.
        cue: what the voice cues add to them, shape (n_cues, n_voices).
        inside: for each device the log odds from which a clause joins a span, shape (n_devices,).
    """

    vocabulary: Vocabulary
    sentence: Linear
    clause: Linear
    voice: Linear
    cue: F32
    inside: F32


class _Settings(msgspec.Struct, frozen=True):
    """The content of `model.json`: what the arrays mean."""

    bucket_bits: int
    longest_ngram: int
    devices: tuple[str, ...]
    voices: tuple[str, ...]
    cues: tuple[str, ...]
    inside: tuple[float, ...]


def save_weights(weights: TfidfWeights, taxonomy: Taxonomy, folder: Path) -> list[str]:
    """Write the two files of the weights into a folder and return their names."""
    from safetensors.numpy import save

    save_settings(weights, taxonomy, folder)
    arrays = {name: np.ascontiguousarray(array) for name, array in _arrays(weights).items()}
    with atomic_writer(folder / WEIGHTS, binary=True) as stream:
        stream.write(save(arrays))
    return [WEIGHTS, SETTINGS]


def save_settings(weights: TfidfWeights, taxonomy: Taxonomy, folder: Path) -> None:
    """Write the file that holds `inside` and what the arrays mean, without the arrays."""
    content = msgspec.json.encode(_settings(taxonomy, weights.inside))
    write_text(folder / SETTINGS, msgspec.json.format(content, indent=1).decode() + "\n")


def load_weights(folder: Path, taxonomy: Taxonomy) -> TfidfWeights:
    """Read the weights of a model folder.

    Raises:
        ModelError: if a file is missing or damaged, or was written for other n-grams, cues, devices
            or voices.
    """
    inside = np.array(_read_settings(folder / SETTINGS, taxonomy).inside, dtype=np.float32)
    arrays = _read_arrays(folder / WEIGHTS)
    try:
        weights = TfidfWeights(
            vocabulary=Vocabulary.of(arrays["buckets"].astype(np.int64), arrays["idf"]),
            sentence=Linear(arrays["sentence.weights"], arrays["sentence.bias"]),
            clause=Linear(arrays["clause.weights"], arrays["clause.bias"]),
            voice=Linear(arrays["voice.weights"], arrays["voice.bias"]),
            cue=arrays["cue"],
            inside=inside,
        )
    except (KeyError, IndexError) as error:
        raise _damaged(folder / WEIGHTS, f"array missing or out of range: {error}") from error
    _check_shapes(folder / WEIGHTS, weights, taxonomy)
    return weights


def _settings(taxonomy: Taxonomy, inside: F32) -> _Settings:
    return _Settings(
        bucket_bits=BUCKET_BITS,
        longest_ngram=LONGEST,
        devices=taxonomy.device_names,
        voices=taxonomy.voice_names,
        cues=CUES,
        inside=tuple(float(value) for value in inside),
    )


def _arrays(weights: TfidfWeights) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "buckets": weights.vocabulary.buckets.astype(np.int32),
        "idf": weights.vocabulary.idf,
        "cue": weights.cue,
    }
    for name in ("sentence", "clause", "voice"):
        linear: Linear = getattr(weights, name)
        arrays |= {f"{name}.weights": linear.weights, f"{name}.bias": linear.bias}
    return arrays


def _read_settings(path: Path, taxonomy: Taxonomy) -> _Settings:
    try:
        settings = msgspec.json.decode(path.read_bytes(), type=_Settings)
    except (OSError, msgspec.DecodeError) as error:
        raise _damaged(path, str(error)) from error
    expected = _settings(taxonomy, np.array(settings.inside))
    if settings != expected or len(settings.inside) != len(taxonomy.devices):
        raise ModelError(
            f"{path}: n-grams, cues, devices or voices differ from those of the manifest and of "
            "this version of framing. Train the model again."
        )
    return settings


def _read_arrays(path: Path) -> Mapping[str, npt.NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise _damaged(path, str(error)) from error


def _check_shapes(path: Path, weights: TfidfWeights, taxonomy: Taxonomy) -> None:
    n_columns = len(weights.vocabulary)
    n_devices, n_voices = len(taxonomy.devices), len(taxonomy.voices)
    shapes = {
        "idf": (n_columns,),
        "cue": (len(CUES), n_voices),
        "sentence.weights": (n_columns, n_devices),
        "sentence.bias": (n_devices,),
        "clause.weights": (n_columns, n_devices),
        "clause.bias": (n_devices,),
        "voice.weights": (n_columns, n_voices),
        "voice.bias": (n_voices,),
    }
    arrays = _arrays(weights)
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise _damaged(path, f"{name} has shape {arrays[name].shape}, expected {shape}")


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path}: missing or damaged: {reason}. Get the model again, or train it.")
