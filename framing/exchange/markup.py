r"""Authoring markup: spans marked inside the text, as `{{denial/own: we never did it}}`.

Marks may nest. A backslash before `{`, `}` or a backslash makes that character literal, so that
`\{{` is two braces of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from framing.errors import LabelsError
from framing.span_rules import edge_faults, label_faults
from framing.spans import LabelledDocument, LabelledSpan
from framing.taxonomy import Taxonomy

_TOKEN = re.compile(r"\\[\\{}]|\{\{|\}\}")
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
            elif match[0] == "}}":
                self._close_mark(match.start())
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

    def _close_mark(self, offset: int) -> None:
        if not self.open:
            fault = r"'}}' closes no mark. Remove it, or write '\}}' for two braces of the text."
            self.faults.append((offset, fault))
            return
        mark = self.open.pop()
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

    Raises:
        LabelsError: if two spans cross, so that neither holds the other.
    """
    text, parts, position = labelled.document.text, list[str](), 0
    open_spans: list[LabelledSpan] = []

    def copy_to(offset: int) -> None:
        nonlocal position
        parts.append(_LITERAL.sub(r"\\\g<0>", text[position:offset]))
        position = offset

    def close_until(offset: int) -> None:
        while open_spans and open_spans[-1].end <= offset:
            copy_to(open_spans.pop().end)
            parts.append("}}")

    for span in sorted(labelled.spans, key=lambda span: (span.start, -span.end, span.device)):
        close_until(span.start)
        if open_spans and span.end > open_spans[-1].end:
            outer = open_spans[-1]
            raise LabelsError(
                [
                    f"{labelled.document.doc_id} {span.start}:{span.end}: crosses "
                    f"{outer.start}:{outer.end}. Markup holds nested spans alone."
                ]
            )
        copy_to(span.start)
        parts.append(f"{{{{{span.device}/{span.voice}: ")
        open_spans.append(span)
    close_until(len(text))
    copy_to(len(text))
    return "".join(parts)


def _line_and_column(text: str, offset: int, first_line: int) -> str:
    line_start = text.rfind("\n", 0, offset) + 1
    return f"{first_line + text.count(chr(10), 0, offset)}:{offset - line_start + 1}"
