from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phrase_matcher import PHRASES, manifest, scored

from framing.errors import InputError
from framing.report.records import (
    FailureRecord,
    JsonLinesWriter,
    ScoreRecord,
    device_records,
    failure_record,
    record_schema,
    score_record,
)

# Offsets:         0         1         2         3         4
#                  0123456789012345678901234567890123456789012
LEAK = "He said there was no leak. It never happened."


def test_the_record_of_a_document_holds_what_was_found() -> None:
    document = scored(LEAK, source="a.txt", title="Leak", metadata={"outlet": "Herald"})
    record = msgspec.to_builtins(score_record(document, manifest()))
    assert record == {
        "schema_version": 1,
        "id": "d1",
        "source": "a.txt",
        "title": "Leak",
        "text_sha256": document.document.sha256,
        "n_characters": 45,
        "characters_scored": 45,
        "model": {"name": "phrases", "version": "1.2", "labels_version": "0.3"},
        "devices": {
            # 17 characters of "there was no leak" and 14 of "never happened": 31 / 45
            "denial": {"score": 0.93, "n_spans": 2, "share": 0.6889},
            # 7 characters of "no leak": 7 / 45
            "blame_shifting": {"score": 0.8123, "n_spans": 1, "share": 0.1556},
        },
        "spans": [
            {"start": 8, "end": 25, "device": "denial", "voice": "quoted", "score": 0.93,
             "voice_score": 0.9, "text": "there was no leak", "sentence": (0, 27)},
            {"start": 18, "end": 25, "device": "blame_shifting", "voice": "own", "score": 0.8123,
             "voice_score": 0.9, "text": "no leak", "sentence": (0, 27)},
            {"start": 30, "end": 44, "device": "denial", "voice": "own", "score": 0.7,
             "voice_score": 0.9, "text": "never happened", "sentence": (27, 45)},
        ],
        "uncertain": [],
        "warnings": [],
        "metadata": {"outlet": "Herald"},
    }  # fmt: skip


def test_uncertain_spans_stand_apart_and_do_not_count() -> None:
    record = score_record(scored("They may be rumours."), manifest())
    assert record.spans == []
    assert [span.text for span in record.uncertain] == ["may be rumours"]
    assert record.devices["denial"].n_spans == 0


def test_the_text_is_in_the_record_only_when_asked_for() -> None:
    assert "text" not in msgspec.to_builtins(score_record(scored(LEAK), manifest()))
    assert score_record(scored(LEAK), manifest(), with_text=True).text == LEAK


def test_an_empty_text_has_no_share() -> None:
    assert device_records(scored(""), manifest())["denial"].share == 0


def test_characters_under_overlapping_spans_count_once() -> None:
    document = scored("there was no leak there was no leak")
    # Two spans of 17 characters in 35.
    assert device_records(document, manifest())["denial"].share == pytest.approx(34 / 35, abs=1e-4)


def test_the_record_of_a_failure_names_place_and_reason() -> None:
    record = msgspec.to_builtins(failure_record(InputError("x.pdf", "no text")))
    assert record == {"schema_version": 1, "id": "x.pdf", "source": "x.pdf", "error": "no text"}


def test_json_lines_are_a_record_a_line_in_order() -> None:
    stream = io.StringIO()
    writer = JsonLinesWriter(stream, manifest(), with_text=True)
    writer.write(scored("a\nline\u2028end"))
    writer.write(InputError("x.pdf", "no text"))
    writer.close()
    first, second, nothing = stream.getvalue().split("\n")
    assert json.loads(first)["text"] == "a\nline\u2028end"
    assert json.loads(second)["error"] == "no text"
    assert nothing == ""


def test_lone_surrogates_are_replaced_without_moving_an_offset() -> None:
    stream = io.StringIO()
    document = scored("\udce9 there was no leak", title="\ud800")
    JsonLinesWriter(stream, manifest(), with_text=True).write(document)
    record = json.loads(stream.getvalue())
    span = record["spans"][0]
    assert record["text"] == "\ufffd there was no leak"
    assert record["text"][span["start"] : span["end"]] == "there was no leak"
    assert record["title"] == "\ufffd"


@given(st.lists(st.sampled_from([*PHRASES, "\U0001f30a", "e\u0301", "\r\n", " "])).map(" ".join))
def test_every_record_reads_back_the_same_and_quotes_its_text(text: str) -> None:
    record = score_record(scored(text), manifest(), with_text=True)
    assert msgspec.json.decode(msgspec.json.encode(record), type=ScoreRecord) == record
    for span in [*record.spans, *record.uncertain]:
        assert text[span.start : span.end] == span.text
        assert span.sentence[0] <= span.start < span.end <= span.sentence[1]


def test_the_schema_describes_both_kinds_of_record() -> None:
    schema = record_schema()
    definitions = schema["$defs"]
    assert schema["oneOf"] == [{"$ref": "#/$defs/ScoreRecord"}, {"$ref": "#/$defs/FailureRecord"}]
    optional = {"text"}
    fields = set(ScoreRecord.__struct_fields__)
    assert set(definitions["ScoreRecord"]["required"]) == fields - optional
    assert set(definitions["FailureRecord"]["required"]) == set(FailureRecord.__struct_fields__)
    assert definitions["SpanRecord"]["properties"]["score"]["maximum"] == 1
    json.dumps(schema)
