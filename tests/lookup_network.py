"""A network for tests that looks the probabilities of a word up in a table.

It has the inputs and outputs of an exported transformer and runs in onnxruntime, so that every
number it gives can be worked out by hand. The probability of the second device, 'position', is
place/1000 + n/1,000,000, where the special token before a window has place 1, its first token
place 2, and n tokens of the window are unmasked, the two special ones included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from phrase_matcher import manifest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from framing.model_folder import Calibration, ModelManifest, Sigmoid, Thresholds, write_manifest
from framing.taxonomy import Device, Taxonomy, Voice

DEVICES = ("denial", "position")
TAXONOMY = Taxonomy(
    labels_version="0.3",
    codebook_version="1.0",
    devices=tuple(Device(name, name, name[0].upper(), "#000000", "") for name in DEVICES),
    voices=(Voice("own", "own", ""), Voice("quoted", "quoted", "")),
)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
# word: denial, own, quoted; any other word has OTHER, a special token 1 everywhere
WORDS: Mapping[str, Sequence[float]] = {
    "deny": (0.9, 0.25, 0.75),
    "never": (0.8, 0.5, 0.5),
    "perhaps": (0.6, 1.0, 0.0),
}
OTHER = (0.125, 1.0, 0.0)
WINDOW, OVERLAP = 12, 4  # ten tokens beside the two special ones
SETTINGS = {
    "window": WINDOW,
    "overlap": OVERLAP,
    "first_id": 2,
    "last_id": 3,
    "max_gap": 0,
    "edges": {"denial": 0.5},
    "shortest": {"denial": 1},
}


def write_lookup_model(folder: Path, **changes: object) -> ModelManifest:
    """Write a model folder; `changes` are fields of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_network(folder / "model.onnx")
    _write_tokenizer(folder / "tokenizer.json")
    fields: dict[str, object] = {
        "name": folder.name,
        "kind": "transformer",
        "taxonomy": TAXONOMY,
        "thresholds": {name: Thresholds(0.75, 0.5) for name in DEVICES},
        "calibration": Calibration(
            spans={name: Sigmoid(1, 0) for name in DEVICES},
            documents={name: Sigmoid(1, 0) for name in DEVICES},
        ),
        "settings": SETTINGS,
    }
    return write_manifest(folder, manifest(**fields | changes), ["model.onnx", "tokenizer.json"])


def _write_tokenizer(path: Path) -> None:
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def _write_network(path: Path) -> None:
    from onnx import TensorProto, checker, helper, numpy_helper, save

    special = [(1.0, 1.0, 1.0), OTHER, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)]
    table = np.array(
        [(denial, 0.0, own, quoted) for denial, own, quoted in [*special, *WORDS.values()]],
        dtype=np.float32,
    )
    constants = {
        "table": table,
        "axis": np.array(1, dtype=np.int64),
        "axes": np.array([1], dtype=np.int64),
        "milli": np.array(0.001, dtype=np.float32),
        "last_axis": np.array([2], dtype=np.int64),
        "thousandth": np.array([[[0.0, 0.001, 0.0, 0.0]]], dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["looked_up"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("CumSum", ["mask", "axis"], ["flat_places"]),
        helper.make_node("ReduceSum", ["mask", "axes"], ["n_unmasked"]),
        helper.make_node("Mul", ["n_unmasked", "milli"], ["n_milli"]),
        helper.make_node("Add", ["flat_places", "n_milli"], ["counted"]),
        helper.make_node("Unsqueeze", ["counted", "last_axis"], ["places"]),
        helper.make_node("Mul", ["places", "thousandth"], ["positions"]),
        helper.make_node("Add", ["looked_up", "positions"], ["probabilities"]),
    ]
    shape = ["batch", "length"]
    graph = helper.make_graph(
        nodes,
        "lookup",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, shape),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [*shape, 4])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, str(path))
