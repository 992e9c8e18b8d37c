"""Thresholds and calibration of a model, chosen on held-out documents."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import le
from statistics import fmean
from typing import TypeVar

import numpy as np

from framing.calibration import Sigmoid, apply_sigmoid, fit_sigmoid
from framing.corpus import AUTHORED
from framing.decoding import Candidate
from framing.metrics import OverlapCounts, is_correct, overlap_counts
from framing.model_folder import Calibration, Thresholds
from framing.spans import LabelledDocument, LabelledSpan, Span

N_CUTS = 40
# Cuts whose F1 lies this close to the best count as equal, and the middle one wins: the best one
# alone would be fitted to the accidents of a few documents.
PLATEAU = 0.01
UNCERTAIN_SHARE = 0.5
# Where no candidate is right, no cut is better than another: each would report false alarms.
UNTUNED_REPORT = 0.5

Found = TypeVar("Found")


@dataclass(frozen=True)
class DeviceTuning:
    """What tuning found for one device: the map to probabilities, the thresholds, mean F1."""

    sigmoid: Sigmoid
    thresholds: Thresholds
    f1: float


@dataclass(frozen=True)
class Tuning:
    """What tuning found for a model.

    Attributes:
        thresholds: for its manifest, of each device.
        calibration: for its manifest.
        f1: overlap F1 of each device on the documents that it was tuned on, mean of their groups.
    """

    thresholds: dict[str, Thresholds]
    calibration: Calibration
    f1: dict[str, float]


def tune_device(
    candidates: Sequence[Sequence[Candidate]],
    gold: Sequence[Sequence[LabelledSpan]],
    groups: Sequence[Hashable] | None = None,
) -> DeviceTuning:
    """Choose the report threshold of one device by overlap F1, and fit its span scores.

    The threshold is the middle of the cuts whose F1 lies within `PLATEAU` of the best, and
    `UNTUNED_REPORT` where F1 is 0 at every cut. A span is uncertain from half the report threshold
    on.

    Args:
        candidates: for each held-out document the candidates of the device.
        gold: for each of them the gold spans of the device.
        groups: for each of them the group that it belongs to: F1 is the mean of the groups that
            have gold spans, so that a group dense in spans does not outvote the others. Without
            them all documents are one.
    """
    pairs = list(zip(candidates, gold, strict=True))
    raw = np.array([c.raw for found in candidates for c in found], dtype=np.float64)
    right = np.array(
        [is_correct(spans, c.span) for found, spans in pairs for c in found], dtype=bool
    )
    sigmoid = fit_sigmoid(raw, right)
    parts = _parts(pairs, groups or [""] * len(pairs))

    def mean_f1(is_kept: Callable[[float], bool]) -> float:
        return fmean(
            _f1([([c.span for c in found if is_kept(c.raw)], spans) for found, spans in part])
            for part in parts
        )

    cuts = np.unique(np.quantile(raw, np.linspace(0, 1, N_CUTS))) if len(raw) else np.zeros(1)
    figures = np.array([mean_f1(partial(le, cut)) for cut in cuts])
    near_best = np.flatnonzero(figures >= figures.max() - PLATEAU)
    chosen = int(near_best[len(near_best) // 2])
    best = float(apply_sigmoid(sigmoid, cuts[chosen]))
    report = best if figures.any() else UNTUNED_REPORT
    # A flat map gives unlike raw scores one probability: the F1 is that of what is reported.
    f1 = mean_f1(lambda raw: float(apply_sigmoid(sigmoid, raw)) >= report)
    return DeviceTuning(sigmoid, Thresholds(report, UNCERTAIN_SHARE * report), f1)


def _parts(
    pairs: Sequence[tuple[Sequence[Found], Sequence[LabelledSpan]]], groups: Sequence[Hashable]
) -> list[list[tuple[Sequence[Found], Sequence[LabelledSpan]]]]:
    """Return what was found and gold in each group with gold spans, all as one where none has."""
    parts: dict[Hashable, list[tuple[Sequence[Found], Sequence[LabelledSpan]]]] = {}
    for pair, group in zip(pairs, groups, strict=True):
        parts.setdefault(group, []).append(pair)
    return [part for part in parts.values() if any(gold for _, gold in part)] or [list(pairs)]


def tune_setting(
    found: Mapping[float, Sequence[Sequence[Candidate]]],
    documents: Sequence[LabelledDocument],
    device: str,
) -> tuple[float, DeviceTuning]:
    """Choose the setting whose candidates reach the best overlap F1, the first of equals.

    Args:
        found: for each setting tried, the candidates of all devices in each held-out document.
        documents: these documents with their gold spans.
        device: the device to tune.

    Returns:
        The setting, and what tuning found with it.
    """
    gold = [labelled.spans_of(device) for labelled in documents]
    kinds = _kinds(documents)
    of_device = {
        setting: [[c for c in each if c.device == device] for each in candidates]
        for setting, candidates in found.items()
    }
    tried = {setting: tune_device(each, gold, kinds) for setting, each in of_device.items()}
    best = max(tried, key=lambda setting: tried[setting].f1)
    return best, tried[best]


def overlap_f1(
    documents: Sequence[LabelledDocument], found: Sequence[Sequence[Span]], device: str
) -> float:
    """Return the overlap F1 of one device as tuning takes it: the mean of the kinds of text.

    Args:
        documents: with their gold spans.
        found: for each of them the spans of the device that were predicted.
        device: the device.
    """
    pairs = [(spans, each.spans_of(device)) for each, spans in zip(documents, found, strict=True)]
    return fmean(map(_f1, _parts(pairs, _kinds(documents))))


def _kinds(documents: Sequence[LabelledDocument]) -> list[bool]:
    """Return for each document which of the two kinds it is that evaluations tell apart."""
    return [labelled.document.metadata.get("collection") == AUTHORED for labelled in documents]


def _f1(pairs: Iterable[tuple[Sequence[Span], Sequence[Span]]]) -> float:
    return sum((overlap_counts(gold, found) for found, gold in pairs), OverlapCounts()).f1


def fit_document_scores(
    raw: Sequence[Mapping[str, float]], documents: Sequence[LabelledDocument]
) -> dict[str, Sigmoid]:
    """Fit for each device the map from a document's raw score to the probability that it holds it.

    Args:
        raw: for each held-out document the raw score of each device.
        documents: the documents with their gold spans.
    """
    held = [{span.device for span in labelled.spans} for labelled in documents]
    devices = list(raw[0]) if raw else []
    return {
        device: fit_sigmoid([scores[device] for scores in raw], [device in found for found in held])
        for device in devices
    }


def tuning_of(
    devices: Mapping[str, DeviceTuning],
    raw: Sequence[Mapping[str, float]],
    documents: Sequence[LabelledDocument],
) -> Tuning:
    """Put the tunings of devices together, and fit the documents' scores.

    Args:
        devices: what was found for each device.
        raw: see `fit_document_scores`.
        documents: the held-out documents with their gold spans.
    """
    spans = {device: tuning.sigmoid for device, tuning in devices.items()}
    return Tuning(
        thresholds={device: tuning.thresholds for device, tuning in devices.items()},
        calibration=Calibration(spans=spans, documents=fit_document_scores(raw, documents)),
        f1={device: tuning.f1 for device, tuning in devices.items()},
    )
