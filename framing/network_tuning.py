"""Edges, thresholds and calibration of an exported network, chosen on held-out documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from framing.onnx_runtime import Network, ReadDocument, candidates, document_scores
from framing.spans import LabelledDocument
from framing.tuning import DeviceTuning, Tuning, tune_device, tuning_of

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
    chosen = {
        device: max(
            ((edge, _tune_edge(network, reads, documents, device, edge)) for edge in EDGES),
            key=lambda found: found[1].f1,
        )
        for device in network.taxonomy.device_names
    }
    raw = [document_scores(read, network.taxonomy) for read in reads]
    edges = {device: edge for device, (edge, _) in chosen.items()}
    return edges, tuning_of({name: found for name, (_, found) in chosen.items()}, raw, documents)


def _tune_edge(
    network: Network,
    reads: Sequence[ReadDocument],
    documents: Sequence[LabelledDocument],
    device: str,
    edge: float,
) -> DeviceTuning:
    settings = replace(network.settings, edges={device: edge})
    found = [candidates(read, network.taxonomy, settings) for read in reads]
    return tune_device(found, [labelled.spans_of(device) for labelled in documents])
