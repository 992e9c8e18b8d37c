"""A trained network written as ONNX, in 32 and in 8 bits."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from framing.transformer import SpanNetwork


class ExportedNetwork(nn.Module):
    """The network as it is exported: probabilities of devices and voices side by side."""

    def __init__(self, network: SpanNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return probabilities, (batch, length, n_devices + n_voices)."""
        devices, voices = self.network.logits(input_ids, attention_mask)
        return torch.cat([devices.sigmoid(), voices.softmax(dim=-1)], dim=-1)


def export_onnx(network: SpanNetwork, path: Path) -> None:
    """Write the network as ONNX with 32-bit weights; batch and length are free.

    Inputs `input_ids` and `attention_mask`, int64 (batch, length); output `probabilities`, float32
    (batch, length, n_devices + n_voices).
    """
    # The fused attention is exported with a guard against rows without any token; it took a fifth
    # of all time, and no window is without tokens.
    network.encoder.set_attn_implementation("eager")  # type: ignore[operator]
    example = torch.ones((2, 16), dtype=torch.long)
    shapes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        _only_errors("torch.onnx"),
    ):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            ExportedNetwork(network).eval(),
            (example, torch.ones_like(example)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["probabilities"],
            dynamic_shapes=(shapes, shapes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def quantise(source: Path, target: Path) -> None:
    """Write a copy of an ONNX network whose weights are 8-bit integers (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _only_errors(None):
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)
    strip_traces(target)


def strip_traces(path: Path) -> None:
    """Take out of an ONNX file where in whose source code each node came from."""
    import onnx

    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


@contextlib.contextmanager
def _only_errors(logger_name: str | None) -> Iterator[None]:
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
