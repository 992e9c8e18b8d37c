r"""Authoring markup: spans marked inside the text, as `{{denial/own: we never did it}}`.

Marks may nest; where two cross, the one that ends first is closed by name, as `{{/denial}}`. A
backslash before `{`, `}` or a backslash makes that character literal, so that
`\{{` is two braces of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from framing.errors import LabelsError
from framing.span_rules import edge_faults, label_faults
from framing.spans import LabelledDocument, LabelledSpan
from framing.taxonomy import Taxonomy

_TOKEN = re.compile(r"\\[\\{}]|\{\{/([^\s{}:/]+)\}\}|\{\{|\}\}")
_LABEL = re.compile(r"([^\s{}:/]+)/([^\s{}:/]+): ?")
_LITERAL = re.compile(r"[\\{}]")


@dataclass(frozen=True)
class _Mark:
    """A mark that is not closed yet: where it stands in the markup and in the plain text."""

    offset: int
    start: int
    device: str
    voice: str


class _Reader:
    """Reads markup from left to right, and notes every fault with its offset in the markup."""

    def __init__(self, markup: str, taxonomy: Taxonomy) -> None:
        self.markup = markup
        self.taxonomy = taxonomy
        self.plain = ""
        self.open: list[_Mark] = []
        self.spans: list[LabelledSpan] = []
        self.faults: list[tuple[int, str]] = []

    def read(self) -> None:
        """Read the markup to its end."""
        position = 0
        while match := _TOKEN.search(self.markup, position):
            self.plain += self.markup[position : match.start()]
            position = match.end()
            if match[0] == "{{":
                position = self._open_mark(match.start(), position)
            elif match[0] == "}}" or match[1]:
                self._close_mark(match.start(), match[1])
            else:
                self.plain += match[0][1]
        self.plain += self.markup[position:]
        self.faults += [(mark.offset, "never closed. Add '}}'.") for mark in self.open]

    def _open_mark(self, offset: int, position: int) -> int:
        label = _LABEL.match(self.markup, position)
        if label is None:
            expected = r"Expected '{{device/voice: words}}', or '\{{' for two braces of the text."
            self.faults.append((offset, f"'{{{{' without a label. {expected}"))
            self.open.append(_Mark(offset, len(self.plain), "", ""))
            return position
        device, voice = label.groups()
        self.faults += [(offset, fault) for fault in label_faults(device, voice, self.taxonomy)]
        if device in [mark.device for mark in self.open]:
            self.faults.append((offset, f"{device} inside {device}. Mark one of the two."))
        self.open.append(_Mark(offset, len(self.plain), device, voice))
        return label.end()

    def _close_mark(self, offset: int, device: str | None) -> None:
        marks = [mark for mark in self.open if device in (None, mark.device)]
        if not marks:
            fault = r"closes no mark. Remove it, or write '\{{' and '\}}' for braces of the text."
            self.faults.append((offset, fault))
            return
        mark = marks[-1]
        self.open.remove(mark)
        faults = edge_faults(self.plain[mark.start :])
        self.faults += [(mark.offset, fault) for fault in faults]
        if not faults:
            end = len(self.plain)
            self.spans.append(LabelledSpan(mark.start, end, mark.device, mark.voice))


def parse_markup(
    text: str, taxonomy: Taxonomy, place: str, first_line: int = 1
) -> tuple[str, tuple[LabelledSpan, ...]]:
    """Return the plain text of marked text, and its spans in order of place.

    Args:
        text: the marked text.
        taxonomy: the devices and voices that marks may name.
        place: name of the text in errors.
        first_line: number of the text's first line in its file.

    Raises:
        LabelsError: if a mark is unclosed, empty, unknown, inside one of its own device, or starts
            or ends with white space or ends with final punctuation; each with line and column.
    """
    reader = _Reader(text, taxonomy)
    reader.read()
    if reader.faults:
        raise LabelsError(
            [
                f"{place}:{_line_and_column(text, offset, first_line)}: {fault}"
                for offset, fault in sorted(reader.faults)
            ]
        )
    return reader.plain, tuple(sorted(reader.spans))


def format_markup(labelled: LabelledDocument) -> str:
    """Return a document's text with its spans marked inside it.

    Args:
        labelled: a document whose spans of one device do not overlap.
    """
    text, parts, position = labelled.document.text, list[str](), 0
    open_spans: list[LabelledSpan] = []
    for offset in sorted({bound for span in labelled.spans for bound in (span.start, span.end)}):
        parts.append(_LITERAL.sub(r"\\\g<0>", text[position:offset]))
        position = offset
        for span in [span for span in reversed(open_spans) if span.end == offset]:
            parts.append("}}" if span is open_spans[-1] else f"{{{{/{span.device}}}}}")
            open_spans.remove(span)
        starting = [span for span in labelled.spans if span.start == offset]
        for span in sorted(starting, key=lambda span: (-span.end, span.device)):
            parts.append(f"{{{{{span.device}/{span.voice}: ")
            open_spans.append(span)
    return "".join([*parts, _LITERAL.sub(r"\\\g<0>", text[position:])])


def _line_and_column(text: str, offset: int, first_line: int) -> str:
    line_start = text.rfind("\n", 0, offset) + 1
    return f"{first_line + text.count(chr(10), 0, offset)}:{offset - line_start + 1}"
