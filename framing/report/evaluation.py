"""An evaluation as Markdown, to be handed on, and as JSON, to be read by programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from framing.evaluation import ALL, Comparison, Evaluation, ModelEvaluation
from framing.figures import MICRO, DeviceFigures, Figure, MatchFigures
from framing.invariance import Flips

_NO_VALUE = "n/a"
_GROUPS = {ALL: "All documents", "authored": "Authored documents", "real": "Real documents"}
_MATCHES = {
    "overlap": "Overlap",
    "exact": "Exact",
    "sentence": "Sentence",
    "document": "Document",
}
_OTHERS = {
    "average_precision": ("Average precision by sentence", 3),
    "voice_accuracy": ("Voice accuracy on matched spans", 3),
    "expected_calibration_error": ("Expected calibration error of span scores", 3),
    "brier_score": ("Brier score of span scores", 3),
    "false_alarms": ("False alarms in 1,000 neutral sentences", 1),
    "false_alarms_in_neutral_documents": ("The same in documents without any gold span", 1),
}
_LIMITS = (
    "Intervals tell what another draw of documents could change. They do not tell how other "
    "annotators would have labelled, or how the models do on other kinds of text.",
    "Overlap credits a predicted span with the share of its characters that lie in gold spans of "
    "its device, and a gold span with the share that was found; exact needs the same two ends.",
    "A sentence or a document counts for a device when a span touches it. A sentence is neutral "
    "when no gold span of any device touches it.",
    "Average precision takes the greatest score of a reported or uncertain span that touches a "
    "sentence; what a model does not show even as uncertain counts as 0.",
    "A span score is judged against whether at least half of the span lies in gold spans of its "
    "device. The calibration error has no interval, as resampling makes it greater.",
    "A matched span has an intersection over union of at least 0.5 with a gold span of its device.",
    f"'{_NO_VALUE}' stands where there is no support.",
)
_AUTHORED_LIMIT = (
    "Authored documents were written for this project: figures on them alone say little of how a "
    "model does on news."
)
_COMPARISON_LIMIT = "p values are not corrected for the number of comparisons."


def render_json(evaluation: Evaluation) -> str:
    """Return the whole evaluation as indented JSON; `null` stands where there is no support."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=1).decode() + "\n"


def render_markdown(evaluation: Evaluation) -> str:
    """Return the evaluation as Markdown: tables with the models side by side, signature, limits."""
    groups = list(evaluation.models[0].groups)
    # With one kind of documents alone, that group and 'all' are the same.
    shown = groups if len(groups) > 2 else groups[1:]
    parts = [
        f"# Evaluation on the {evaluation.signature.split} split",
        f"`{evaluation.signature}`",
        *_unavailable(evaluation),
        *(part for group in shown for part in _group(evaluation.models, group)),
        *_comparisons(evaluation.comparisons, shown),
        *_flips(evaluation.models),
        *_models(evaluation.models),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(evaluation)),
    ]
    return "\n\n".join(parts) + "\n"


def _unavailable(evaluation: Evaluation) -> list[str]:
    missing, present = evaluation.signature.n_unavailable, evaluation.signature.n_documents
    if not missing:
        return []
    return [
        f"{missing} of {missing + present} labelled documents of this split had no text here and "
        "are not in these figures."
    ]


def _group(models: Sequence[ModelEvaluation], group: str) -> Iterator[str]:
    first = models[0].groups[group]
    names = [_cell(model.name) for model in models]
    yield f"## {_GROUPS[group]}"
    yield f"{first.n_documents} documents, {first.n_spans} gold spans. 95 % intervals in brackets."
    yield "### Overlap F1 by device"
    yield _table(["Device", "Gold spans, merged", *names], _overlap_rows(models, group))
    yield "### All devices together"
    yield _table(["Figure", *names], _micro_rows(models, group))
    if any(model.groups[group].micro.risk_coverage for model in models):
        yield "### Share of wrong spans among the surest"
        yield _table(["Spans kept, reported and uncertain ones", *names], _risk_rows(models, group))
    for model in models:
        yield f"### By device: {_cell(model.name)}"
        yield _table(["Figure", *(_cell(device) for device in first.devices)], _rows(model, group))


def _overlap_rows(models: Sequence[ModelEvaluation], group: str) -> Iterator[list[str]]:
    for device in (None, *models[0].groups[group].devices):
        figures = [_of_device(model, group, device).overlap for model in models]
        yield [
            _device_cell(device),
            str(figures[0].n_gold),
            *(_figure(figure.f1) for figure in figures),
        ]


def _micro_rows(models: Sequence[ModelEvaluation], group: str) -> Iterator[list[str]]:
    columns = [list(_figure_rows(_of_device(model, group, None))) for model in models]
    for cells in zip(*columns, strict=True):
        yield [cells[0][0], *(_figure(figure, decimals) for _, figure, decimals in cells)]
    counts = [_of_device(model, group, None) for model in models]
    yield ["Predicted spans", *(str(figures.overlap.n_predicted) for figures in counts)]
    yield ["Matched spans", *(str(figures.n_matched) for figures in counts)]
    yield ["Neutral sentences", *(str(figures.n_neutral_sentences) for figures in counts)]


def _risk_rows(models: Sequence[ModelEvaluation], group: str) -> Iterator[list[str]]:
    """Yield the risk at each coverage that every model has, with the score it takes."""
    curves = [model.groups[group].micro.risk_coverage for model in models]
    for points in zip(*(curve for curve in curves if curve), strict=False):
        told = iter(f"{point.risk:.2f} from score {point.probability:.2f}" for point in points)
        cells = (next(told) if curve else _NO_VALUE for curve in curves)
        yield [f"{points[0].coverage:.0%}", *cells]


def _rows(model: ModelEvaluation, group: str) -> Iterator[list[str]]:
    devices = model.groups[group].devices.values()
    columns = [list(_figure_rows(figures)) for figures in devices]
    for cells in zip(*columns, strict=True):
        yield [cells[0][0], *(_figure(figure, decimals) for _, figure, decimals in cells)]
    yield ["Predicted spans", *(str(figures.overlap.n_predicted) for figures in devices)]


def _figure_rows(figures: DeviceFigures) -> Iterator[tuple[str, Figure, int]]:
    for name, title in _MATCHES.items():
        match: MatchFigures = getattr(figures, name)
        yield f"{title} F1", match.f1, 3
        yield f"{title} precision", match.precision, 3
        yield f"{title} recall", match.recall, 3
    for name, (title, decimals) in _OTHERS.items():
        yield title, getattr(figures, name), decimals


def _comparisons(comparisons: Sequence[Comparison], shown: Sequence[str]) -> Iterator[str]:
    rows = [
        [
            _cell(f"{comparison.second} - {comparison.first}"),
            comparison.group,
            _device_cell(comparison.device),
            _figure(comparison.difference, signed=True),
            f"{comparison.p_value:.4f}",
        ]
        for comparison in comparisons
        if comparison.group in shown
    ]
    if rows:
        yield "## Differences in overlap F1"
        yield "Paired bootstrap and approximate randomisation over the same documents."
        yield _table(["Models", "Documents", "Device", "Difference", "p"], rows)


def _flips(models: Sequence[ModelEvaluation]) -> Iterator[str]:
    for model in models:
        if not model.flips:
            continue
        yield f"## Verdicts that flip: {_cell(model.name)}"
        yield (
            "Share of verdicts (is a span of the device reported in the document?) that change "
            "when the document is written otherwise; firm: from a report to not even an uncertain "
            "span, or back. Shift: mean change of the document score."
        )
        for kind, flips in model.flips.items():
            yield f"### {kind[0].upper()}{kind[1:]}: {flips[MICRO].n_documents} documents"
            yield _table(
                ["Device", "Verdicts", "Flipped", "Gained", "Lost", "Firm", "Shift"],
                _flip_rows(flips),
            )


def _flip_rows(flips: Mapping[str, Flips]) -> Iterator[list[str]]:
    for device, each in flips.items():
        shares = (each.rate, each.gained, each.lost, each.firm)
        yield [
            _device_cell(device),
            str(each.n_verdicts),
            *(_figure(share) for share in shares),
            _figure(each.shift, signed=True),
        ]


def _models(models: Sequence[ModelEvaluation]) -> Iterator[str]:
    yield "## Models"
    yield _table(
        ["Model", "Kind", "Version", "SHA-256", "Seconds", "Characters a second"],
        (
            [
                _cell(model.name),
                model.kind,
                _cell(model.version or _NO_VALUE),
                f"`{model.sha256[:12]}`",
                _number(model.seconds, 1),
                _number(model.characters_per_second, 0),
            ]
            for model in models
        ),
    )


def _limits(evaluation: Evaluation) -> list[str]:
    authored = [_AUTHORED_LIMIT] if "authored" in evaluation.models[0].groups else []
    return [*authored, *_LIMITS, *([_COMPARISON_LIMIT] if evaluation.comparisons else [])]


def _of_device(model: ModelEvaluation, group: str, device: str | None) -> DeviceFigures:
    figures = model.groups[group]
    return figures.micro if device is None else figures.devices[device]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def _figure(figure: Figure, decimals: int = 3, *, signed: bool = False) -> str:
    if figure.value is None:
        return _NO_VALUE
    sign = "+" if signed else ""
    text = f"{figure.value:{sign}.{decimals}f}"
    if figure.low is None:
        return text
    return f"{text} [{figure.low:{sign}.{decimals}f}, {figure.high:{sign}.{decimals}f}]"


def _number(value: float | None, decimals: int) -> str:
    return _NO_VALUE if value is None else f"{value:,.{decimals}f}"


def _device_cell(device: str | None) -> str:
    return "**all (micro)**" if device in (None, MICRO) else _cell(str(device))


def _cell(text: str) -> str:
    """Escape what would end a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
