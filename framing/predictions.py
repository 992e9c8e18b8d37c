"""Spans that an outside system predicted, read from JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import msgspec

from framing.errors import InputError
from framing.files import file_sha256
from framing.spans import Document, LabelledSpan, ScoredDocument

Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class PredictedSpan(msgspec.Struct, frozen=True):
    """A span of an outside system; voice and scores are left out where it gives none."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: Annotated[int, msgspec.Meta(ge=1)]
    device: str
    voice: str = ""
    score: Probability | None = None
    voice_score: Probability | None = None


class PredictionRow(msgspec.Struct, frozen=True):
    """One line: a score record of `framing score`, or no more than an id and spans.

    Attributes:
        text_sha256: where given, the spans are taken only for this very text.
    """

    spans: tuple[PredictedSpan, ...]
    uncertain: tuple[PredictedSpan, ...] = ()
    id: str | None = None
    doc_id: str | None = None
    text_sha256: str | None = None


@dataclass(frozen=True)
class Predictions:
    """The predictions of one file.

    Attributes:
        rows: place (file:line) and content of each line, by document id.
    """

    path: Path
    sha256: str
    rows: Mapping[str, tuple[str, PredictionRow]]

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.path.stem

    @cached_property
    def _by_text(self) -> dict[str, tuple[str, PredictionRow]]:
        return {
            row.text_sha256: (place, row) for place, row in self.rows.values() if row.text_sha256
        }

    def of_documents(
        self, documents: Sequence[Document], devices: Sequence[str]
    ) -> list[ScoredDocument]:
        """Return the documents with their predicted spans.

        A line is found by the document's id, or else by the SHA-256 of its text. Lines of other
        documents are not looked at.

        Raises:
            InputError: if a document has no line, or a line is of another text, or a span is
                empty, ends after the text, or is of a device that is not among `devices`.
        """
        missing = [d.doc_id for d in documents if self._find(d) is None]
        if missing:
            raise InputError(
                str(self.path),
                f"no line for {len(missing)} of {len(documents)} documents, first {missing[0]!r}. "
                "Expected a line for each document, with no spans where there are none.",
            )
        return [self._scored(document, devices) for document in documents]

    def _find(self, document: Document) -> tuple[str, PredictionRow] | None:
        return self.rows.get(document.doc_id) or self._by_text.get(document.sha256)

    def _scored(self, document: Document, devices: Sequence[str]) -> ScoredDocument:
        found = self._find(document)
        assert found is not None
        place, row = found
        if row.text_sha256 not in (None, document.sha256):
            raise InputError(
                place,
                f"text_sha256 {str(row.text_sha256)[:12]}… is not that of the text of "
                f"{document.doc_id!r}, {document.sha256[:12]}…. Score the text of the corpus.",
            )
        _check_spans(place, (*row.spans, *row.uncertain), document, devices)
        return ScoredDocument(document, _spans(row.spans), uncertain=_spans(row.uncertain))


def read_predictions(path: Path) -> Predictions:
    """Read predictions: JSON lines with `id` or `doc_id`, and `spans` of `start`, `end`, `device`.

    Score records of `framing score --format jsonl` are such lines, and so are label files.

    Raises:
        InputError: if the file cannot be read, a line is not as expected, or an id stands twice.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read ({error.strerror}). Expected JSON lines."
        ) from error
    rows: dict[str, tuple[str, PredictionRow]] = {}
    decoder = msgspec.json.Decoder(PredictionRow)
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"{path}:{number}"
            doc_id, row = _row(place, line, decoder)
            if doc_id in rows:
                raise InputError(place, f"{doc_id!r} stands in {rows[doc_id][0]} already.")
            rows[doc_id] = (place, row)
    return Predictions(path, file_sha256(path), rows)


def _row(
    place: str, line: bytes, decoder: msgspec.json.Decoder[PredictionRow]
) -> tuple[str, PredictionRow]:
    expected = 'Expected {"id": …, "spans": [{"start": …, "end": …, "device": …}]}.'
    try:
        row = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(place, f"{error}. {expected}") from error
    doc_id = row.id or row.doc_id
    if not doc_id:
        raise InputError(place, f"no id. {expected}")
    return doc_id, row


def _check_spans(
    place: str, spans: Iterable[PredictedSpan], document: Document, devices: Sequence[str]
) -> None:
    for span in spans:
        where = f"{place}: {span.start}:{span.end}"
        if not span.start < span.end <= len(document.text):
            raise InputError(
                where,
                f"expected start < end <= {len(document.text)}, the characters of "
                f"{document.doc_id!r}. Offsets are half-open and count Unicode code points.",
            )
        if span.device not in devices:
            raise InputError(
                where, f"unknown device {span.device!r}. Expected one of {', '.join(devices)}."
            )


def _spans(spans: Iterable[PredictedSpan]) -> tuple[LabelledSpan, ...]:
    return tuple(sorted(LabelledSpan(*msgspec.structs.astuple(span)) for span in spans))
