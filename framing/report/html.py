"""Scored documents as one page that stands alone: no script, and nothing fetched from outside."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from framing.errors import InputError
from framing.model_folder import ModelManifest
from framing.report.colours import DARK, LIGHT, tint
from framing.report.records import DeviceRecord, device_records
from framing.report.segments import Segment, printable, printable_line, segments
from framing.scoring import Result
from framing.spans import LabelledSpan, ScoredDocument

TEMPLATES = Path(__file__).parent / "templates"
WARNINGS = {
    "short_text": "This text is very short: its scores say little.",
    "paywall_like": "This looks like a notice in place of the article (paywall, cookies, error).",
    "not_english": "This text does not look English: the model was not made for it.",
}
# Lines under a span, for the first, second and third voice of the taxonomy, as in style.css.j2.
_LINES = ("solid", "dashed", "dotted")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class SummaryRow:
    """What the summary at the top of the page says of one article."""

    anchor: str
    title: str
    outlet: str
    date: str
    warned: bool
    devices: tuple[DeviceRecord, ...]


@dataclass(frozen=True)
class DeviceTotal:
    """What the foot of the summary says of one device."""

    n_articles: int
    n_spans: int


@dataclass
class HtmlWriter:
    """Collects articles, and writes the page when it is closed.

    Memory holds a row of the summary for each article; the rest lies in a file until then, as the
    summary stands above the articles.

    Attributes:
        stream: where the page goes.
        manifest: the model that scored.
        articles: an empty temporary file, open for writing and reading.
    """

    stream: IO[str]
    manifest: ModelManifest
    articles: IO[str]
    _rows: list[SummaryRow] = field(default_factory=list)
    _failures: list[InputError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )
        self._templates.globals["counted"] = counted

    def write(self, result: Result) -> None:
        """Take a scored document, or a failure, into the page."""
        if isinstance(result, InputError):
            place, reason = printable_line(result.place), printable_line(result.reason)
            self._failures.append(InputError(place, reason))
            return
        records = device_records(result, self.manifest)
        row = _summary_row(result, f"article-{len(self._rows) + 1}", tuple(records.values()))
        self._rows.append(row)
        self.articles.write(self._render("article", self._article(result, row)))

    def close(self) -> None:
        """Write the page."""
        self.stream.write(self._render("head", self._head()))
        self.articles.seek(0)
        shutil.copyfileobj(self.articles, self.stream)
        self.stream.write(self._render("tail", {}))

    def _render(self, name: str, content: dict[str, Any]) -> str:
        return self._templates.get_template(f"{name}.html.j2").render(content)

    def _head(self) -> dict[str, Any]:
        taxonomy = self.manifest.taxonomy
        return {
            "model": self.manifest,
            "devices": [
                {
                    "title": device.title,
                    "letter": device.letter,
                    "definition": device.definition,
                    "colour": device.colour,
                }
                for device in taxonomy.devices
            ],
            "voices": [
                {"title": voice.title, "line": _LINES[min(i, 2)]}
                for i, voice in enumerate(taxonomy.voices)
            ],
            "rows": self._rows,
            "totals": [_total(self._rows, i) for i in range(len(taxonomy.devices))],
            "failures": self._failures,
            "light": LIGHT,
            "dark": DARK,
            "tint": tint,
        }

    def _article(self, scored: ScoredDocument, row: SummaryRow) -> dict[str, Any]:
        document = scored.document
        devices = zip(self.manifest.taxonomy.devices, row.devices, strict=True)
        language = document.metadata.get("language", "")
        return {
            "anchor": row.anchor,
            "title": row.title,
            "facts": _facts(scored),
            "warnings": [WARNINGS.get(warning, warning) for warning in scored.warnings],
            "bars": [{"title": device.title, "record": record} for device, record in devices],
            "language": language if _LANGUAGE.fullmatch(language) else "",
            "pieces": [
                self._piece(scored, segment)
                for segment in segments(scored.spans, 0, len(document.text))
            ],
            "uncertain": [
                self._shown(span) | {"words": printable_line(scored.quote(span))}
                for span in scored.uncertain
            ],
        }

    def _piece(self, scored: ScoredDocument, segment: Segment) -> dict[str, Any]:
        return {
            "text": printable(scored.document.text[segment.start : segment.end]),
            "spans": [self._shown(span) for span in segment.spans],
            "opening": [self._shown(span) for span in segment.opening],
            "closing": [self._shown(span) for span in segment.closing],
        }

    def _shown(self, span: LabelledSpan) -> dict[str, str]:
        taxonomy = self.manifest.taxonomy
        device = taxonomy.device(span.device)
        i_voice = taxonomy.voice_names.index(span.voice)
        score = f"{1.0 if span.score is None else span.score:.2f}"
        voice = taxonomy.voices[i_voice].title
        return {
            "css": f"d{taxonomy.device_names.index(span.device)} v{min(i_voice, 2)}",
            "said": f"{device.title}, {voice}, score {score}",
            "tag": f"{device.letter} {span.voice} {score}",
            "title": device.title,
            "voice": voice,
            "score": score,
        }


def counted(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "article"), counted(1200, "article")
    ('1 article', '1,200 articles')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _summary_row(
    scored: ScoredDocument, anchor: str, devices: tuple[DeviceRecord, ...]
) -> SummaryRow:
    document = scored.document
    return SummaryRow(
        anchor=anchor,
        title=printable_line(document.title or document.doc_id),
        outlet=printable_line(document.metadata.get("outlet", "")),
        date=printable_line(document.metadata.get("date", "")),
        warned=bool(scored.warnings),
        devices=devices,
    )


def _facts(scored: ScoredDocument) -> list[str]:
    document = scored.document
    found = [
        document.metadata.get("outlet"),
        document.metadata.get("date"),
        document.doc_id,
        None if document.source == document.doc_id else document.source,
        counted(len(document.text), "character"),
    ]
    return [printable_line(fact) for fact in found if fact]


def _total(rows: list[SummaryRow], i_device: int) -> DeviceTotal:
    counts = [row.devices[i_device].n_spans for row in rows]
    return DeviceTotal(n_articles=sum(map(bool, counts)), n_spans=sum(counts))
