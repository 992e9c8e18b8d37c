"""Edges, thresholds and calibration of an exported network, chosen on held-out documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from framing.decoding import Candidate
from framing.onnx_runtime import Network, ReadDocument, candidates, document_scores
from framing.spans import LabelledDocument
from framing.tuning import Tuning, tune_setting, tuning_of

EDGES = (0.05, 0.1, 0.15, 0.25)


def tune_network(
    network: Network, reads: Sequence[ReadDocument], documents: Sequence[LabelledDocument]
) -> tuple[dict[str, float], Tuning]:
    """Choose the edge of each device by overlap F1, with the thresholds and calibration it takes.

    Args:
        network: as it ships; its own edges are not looked at.
        reads: held-out documents as the network reads them.
        documents: the same documents with their gold spans.

    Returns:
        For each device its edge, and what was found with these edges.
    """
    devices = network.taxonomy.device_names
    found = {edge: _candidates(network, reads, dict.fromkeys(devices, edge)) for edge in EDGES}
    chosen = {device: tune_setting(found, documents, device) for device in devices}
    raw = [document_scores(read, network.taxonomy) for read in reads]
    edges = {device: edge for device, (edge, _) in chosen.items()}
    tunings = {device: tuning for device, (_, tuning) in chosen.items()}
    return edges, tuning_of(tunings, raw, documents)


def _candidates(
    network: Network, reads: Sequence[ReadDocument], edges: dict[str, float]
) -> list[list[Candidate]]:
    settings = replace(network.settings, edges=edges)
    return [candidates(read, network.taxonomy, settings) for read in reads]
