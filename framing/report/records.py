"""The JSON record of a scored document, and its JSON schema.

`SCHEMA_VERSION` counts up when a field changes its meaning or goes away; new fields may come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from framing.errors import InputError
from framing.model_folder import ModelManifest
from framing.scoring import Result
from framing.sentences import enclosing_sentences
from framing.spans import Document, LabelledSpan, ScoredDocument, Span

SCHEMA_VERSION: Literal[1] = 1
_DECIMALS = 4
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Offset = Annotated[int, Meta(ge=0, description="Unicode code point of the document's text")]
Share = Annotated[float, Meta(ge=0, le=1)]


class SpanRecord(msgspec.Struct, frozen=True):
    """A span of one device in one voice."""

    start: Offset
    end: Annotated[Offset, Meta(description="first code point after the span")]
    device: str
    voice: str
    score: Annotated[Share, Meta(description="calibrated probability that the span is one")]
    voice_score: Annotated[Share, Meta(description="probability of the voice")] | None
    text: Annotated[str, Meta(description="the words of the span")]
    sentence: Annotated[
        tuple[Offset, Offset], Meta(description="start and end of the sentence or sentences around")
    ]


class DeviceRecord(msgspec.Struct, frozen=True):
    """What a document holds of one device."""

    score: Annotated[
        Share, Meta(description="calibrated probability that the document holds the device")
    ]
    n_spans: Annotated[int, Meta(ge=0)]
    share: Annotated[Share, Meta(description="characters in its spans ÷ all; 0 for an empty text")]


class ModelRecord(msgspec.Struct, frozen=True):
    """The model that scored a document."""

    name: str
    version: str
    labels_version: str


class ScoreRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A scored document."""

    schema_version: Literal[1]
    id: str
    source: str | None
    title: str | None
    text_sha256: Annotated[str, Meta(description="SHA-256 of the text as UTF-8, hexadecimal")]
    n_characters: Annotated[int, Meta(ge=0, description="length of the text in code points")]
    characters_scored: Annotated[int, Meta(ge=0, description="equals n_characters: nothing is cut")]
    model: ModelRecord
    devices: dict[str, DeviceRecord]
    spans: Annotated[list[SpanRecord], Meta(description="reported spans, in order of place")]
    uncertain: Annotated[
        list[SpanRecord], Meta(description="spans with a score too low to be reported")
    ]
    warnings: Annotated[
        list[str], Meta(description="short_text, paywall_like, not_english, or none of them")
    ]
    metadata: Annotated[dict[str, str], Meta(description="outlet, date, … of the source")]
    text: Annotated[str, Meta(description="the whole text, with --with-text")] | UnsetType = UNSET


class FailureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An input that could not be read or scored."""

    schema_version: Literal[1]
    id: str
    source: str | None
    error: str


class JsonLinesWriter:
    """Writes a record a line, each pushed out at once."""

    def __init__(self, stream: IO[str], manifest: ModelManifest, *, with_text: bool) -> None:
        self._stream = stream
        self._manifest = manifest
        self._with_text = with_text

    def write(self, result: Result) -> None:
        """Write the record of a scored document, or of a failure."""
        record = (
            failure_record(result)
            if isinstance(result, InputError)
            else score_record(result, self._manifest, with_text=self._with_text)
        )
        self._stream.write(msgspec.json.encode(record).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: every line is written."""


def score_record(
    scored: ScoredDocument, manifest: ModelManifest, *, with_text: bool = False
) -> ScoreRecord:
    """Return the record of a scored document, with scores rounded to four digits."""
    document = scored.document
    return ScoreRecord(
        schema_version=SCHEMA_VERSION,
        id=encodable(document.doc_id),
        source=None if document.source is None else encodable(document.source),
        title=None if document.title is None else encodable(document.title),
        text_sha256=document.sha256,
        n_characters=len(document.text),
        characters_scored=sum(map(len, scored.sentences)),
        model=ModelRecord(manifest.name, manifest.version, manifest.labels_version),
        devices=device_records(scored, manifest),
        spans=[_span_record(scored, span) for span in scored.spans],
        uncertain=[_span_record(scored, span) for span in scored.uncertain],
        warnings=list(scored.warnings),
        metadata=_metadata(document),
        text=encodable(document.text) if with_text else UNSET,
    )


def failure_record(error: InputError) -> FailureRecord:
    """Return the record of an input that could not be read or scored."""
    place = encodable(error.place)
    return FailureRecord(
        schema_version=SCHEMA_VERSION, id=place, source=place, error=encodable(error.reason)
    )


def device_records(scored: ScoredDocument, manifest: ModelManifest) -> dict[str, DeviceRecord]:
    """Return for each device of the model, in the taxonomy's order, what a document holds of it."""
    n_characters = len(scored.document.text)
    records = {}
    for name in manifest.taxonomy.device_names:
        spans = [span for span in scored.spans if span.device == name]
        share = _n_covered(spans) / n_characters if n_characters else 0.0
        score = _rounded(scored.device_scores[name])
        records[name] = DeviceRecord(score, len(spans), _rounded(share))
    return records


def record_schema() -> dict[str, Any]:
    """Return the JSON schema of a line of `--format jsonl`: a scored document, or a failure."""
    (scored, failed), definitions = msgspec.json.schema_components(
        [ScoreRecord, FailureRecord], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "framing score, a line of JSON lines",
        "oneOf": [scored, failed],
        "$defs": definitions,
    }


def encodable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: each lone surrogate replaced, every offset as it was.

    Python puts lone surrogates for the bytes of a file name that is not UTF-8.

    >>> encodable("caf\udce9")
    'caf\ufffd'
    """
    return _LONE_SURROGATE.sub("\ufffd", text)


def _span_record(scored: ScoredDocument, span: LabelledSpan) -> SpanRecord:
    sentence = enclosing_sentences(scored.sentences, span)
    return SpanRecord(
        start=span.start,
        end=span.end,
        device=span.device,
        voice=span.voice,
        score=1.0 if span.score is None else _rounded(span.score),
        voice_score=None if span.voice_score is None else _rounded(span.voice_score),
        text=encodable(scored.quote(span)),
        sentence=(sentence.start, sentence.end),
    )


def _metadata(document: Document) -> dict[str, str]:
    return {encodable(key): encodable(value) for key, value in document.metadata.items()}


def _n_covered(spans: Iterable[Span]) -> int:
    n_covered, reached = 0, 0
    for span in sorted(spans, key=lambda span: span.start):
        n_covered += max(0, span.end - max(span.start, reached))
        reached = max(reached, span.end)
    return n_covered


def _rounded(value: float) -> float:
    return round(float(value), _DECIMALS)
