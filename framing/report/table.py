"""Scored documents in a terminal: a bar a device, then the text with its spans marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO

from rich.console import Console
from rich.text import Text

from framing.errors import InputError
from framing.model_folder import ModelManifest
from framing.report.colours import text_on
from framing.report.records import DeviceRecord, device_records
from framing.report.segments import Segment, printable, printable_line, segments, spread
from framing.scoring import Result
from framing.spans import LabelledSpan, ScoredDocument, Span

# A text up to this length is shown whole; of a longer one the paragraphs with spans.
WHOLE_CHARACTERS = 2_000
_BAR = 20
_PARAGRAPH = re.compile(r"[^\n]+\n*|\n+")


class TableWriter:
    """Writes scored documents for people to read; failures are left to standard error.

    On a terminal with 256 colours a span has the colour of its device behind it, is underlined
    where the voice is the text's own, and ends in a tag: letter, voice, score. Elsewhere it stands
    in brackets: `[D:quoted 0.93 there was no leak]`; where spans cross, a closing bracket carries
    the letter of its span. A file gets brackets, whatever FORCE_COLOR says.
    """

    def __init__(self, stream: IO[str], manifest: ModelManifest, *, in_file: bool) -> None:
        self._manifest = manifest
        self._console = Console(
            file=stream,
            highlight=False,
            markup=False,
            emoji=False,
            force_terminal=False if in_file else None,
        )
        # Eight colours cannot tell four devices apart.
        has_colours = self._console.color_system in ("256", "truecolor")
        self._coloured = has_colours and not self._console.no_color
        self._print(self._legend())

    def write(self, result: Result) -> None:
        """Write a scored document."""
        if isinstance(result, InputError):
            return
        self._print(self._heading(result))
        for line in self._bars(result):
            self._print(line)
        for paragraph in self._paragraphs(result):
            self._print(paragraph)

    def close(self) -> None:
        """Do nothing: every document is written."""

    def _print(self, line: Text) -> None:
        # Where no terminal reads, a paragraph stays one line, for grep and diff.
        self._console.print(line, soft_wrap=not self._console.is_terminal)

    def _legend(self) -> Text:
        legend = Text()
        for device in self._manifest.taxonomy.devices:
            legend.append(f" {device.letter} ", self._style(device.name)).append(
                f"{device.title}  "
            )
        if self._coloured:
            own, *others = self._manifest.taxonomy.voices
            legend.append(own.title, "underline")
            legend.append("".join(f"  {voice.name[0]}: {voice.title}" for voice in others))
        return legend

    def _heading(self, scored: ScoredDocument) -> Text:
        document = scored.document
        heading = Text("\n").append(printable_line(document.title or document.doc_id), "bold")
        if document.title:
            heading.append(f"  {printable_line(document.doc_id)}", "dim")
        heading.append(f"  {len(document.text):,} characters", "dim")
        for warning in scored.warnings:
            heading.append(f"  ! {warning}", "yellow")
        return heading

    def _bars(self, scored: ScoredDocument) -> Iterator[Text]:
        records = device_records(scored, self._manifest)
        width = max(len(device.title) for device in self._manifest.taxonomy.devices)
        for device in self._manifest.taxonomy.devices:
            title = f"{device.title:{width}} "
            yield self._bar(title, records[device.name], device.colour)

    def _bar(self, title: str, record: DeviceRecord, colour: str) -> Text:
        full, empty = "#." if self._console.options.ascii_only else "█░"
        n_full = round(record.score * _BAR)
        bar = Text(title).append(full * n_full, colour).append(empty * (_BAR - n_full), "dim")
        bar.append(f" {record.score:.2f}")
        if record.n_spans:
            spans = "span" if record.n_spans == 1 else "spans"
            bar.append(f"  {record.n_spans} {spans}, {record.share:.0%} of the text")
        return bar

    def _paragraphs(self, scored: ScoredDocument) -> Iterator[Text]:
        text = scored.document.text
        whole = len(text) <= WHOLE_CHARACTERS
        n_hidden = 0
        places = (Span(*match.span()) for match in _PARAGRAPH.finditer(text))
        for place, spans in spread(scored.spans, places):
            if not (whole or spans):
                n_hidden += 1
                continue
            if n_hidden:
                yield _left_out(n_hidden)
                n_hidden = 0
            yield self._marked(scored, place, spans)
        if n_hidden:
            yield _left_out(n_hidden)
        if scored.uncertain:
            yield Text(f"({len(scored.uncertain)} uncertain, not shown)", "dim")

    def _marked(self, scored: ScoredDocument, place: Span, spans: Sequence[LabelledSpan]) -> Text:
        marked = Text()
        open_spans: list[LabelledSpan] = []
        for segment in segments(spans, place.start, place.end):
            words = printable(scored.document.text[segment.start : segment.end])
            if self._coloured:
                self._append_coloured(marked, segment, words)
            else:
                self._append_bracketed(marked, segment, words, open_spans)
        marked.rstrip()
        # One blank line where the text has any.
        return marked.append("\n" if scored.quote(place).endswith("\n\n") else "")

    def _append_coloured(self, marked: Text, segment: Segment, words: str) -> None:
        style = ""
        if segment.spans:
            style = self._style(segment.spans[-1].device)
            if any(self._is_own(span) for span in segment.spans):
                style += " underline"
        marked.append(words, style)
        for span in segment.closing:
            voice = "" if self._is_own(span) else f":{span.voice[0]}"
            colour = self._manifest.taxonomy.device(span.device).colour
            marked.append(f" {self._letter(span)}{voice} {_score(span)} ", f"bold {colour}")

    def _append_bracketed(
        self, marked: Text, segment: Segment, words: str, open_spans: list[LabelledSpan]
    ) -> None:
        for span in segment.opening:
            marked.append(f"[{self._letter(span)}:{span.voice} {_score(span)} ")
            open_spans.append(span)
        marked.append(words)
        for span in segment.closing:
            innermost = not open_spans or open_spans[-1] is span
            marked.append("]" if innermost else f"{self._letter(span)}]")
            if span in open_spans:
                open_spans.remove(span)

    def _is_own(self, span: LabelledSpan) -> bool:
        return span.voice == self._manifest.taxonomy.voice_names[0]

    def _letter(self, span: LabelledSpan) -> str:
        return self._manifest.taxonomy.device(span.device).letter

    def _style(self, device: str) -> str:
        if not self._coloured:
            return ""
        colour = self._manifest.taxonomy.device(device).colour
        return f"{text_on(colour)} on {colour}"


def _score(span: LabelledSpan) -> str:
    return f"{1.0 if span.score is None else span.score:.2f}"


def _left_out(n_paragraphs: int) -> Text:
    paragraphs = "paragraph" if n_paragraphs == 1 else "paragraphs"
    return Text(f"… {n_paragraphs} {paragraphs} without spans", "dim")
