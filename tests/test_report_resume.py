from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phrase_matcher import PhraseMatcher, manifest

from framing.errors import InputError, UsageError
from framing.report.output import Format, Tally, Target, write_results
from framing.report.resume import keep_finished
from framing.scoring import score_inputs
from framing.spans import Document

DOCUMENTS = [
    Document("a", "It never happened, ever: there was no leak."),
    Document("b", "Rain fell, héhé, in the valley."),
    Document("=c", 'He said "there was no leak".\r\nIt never happened.', title="x\r\ny"),
    Document("d", "It never happened."),
]


def run(target: Target, inputs: list[Document | InputError]) -> Tally:
    done = keep_finished(target, manifest()) if target.resume else frozenset()
    tally = Tally(n_kept=len(done))
    results = score_inputs(PhraseMatcher(), inputs, done=done)
    write_results(results, target, manifest(), tally)
    return tally


def whole(folder: Path, form: Format) -> bytes:
    path = folder / f"whole.{form}"
    if not path.exists():
        run(Target(form, path), [*DOCUMENTS])
    return path.read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1))
def test_a_batch_torn_anywhere_ends_as_if_nothing_had_happened(
    tmp_path_factory: pytest.TempPathFactory, form: Format, share: float
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    expected = whole(folder, form)
    torn = expected[: round(share * len(expected))]
    (folder / "out.part").write_bytes(torn)
    run(Target(form, folder / "out", resume=True), [*DOCUMENTS])
    assert (folder / "out").read_bytes() == expected
    assert not (folder / "out.part").exists()


def test_only_what_is_missing_is_scored_again(tmp_path: Path) -> None:
    lines = whole(tmp_path, "jsonl").splitlines(keepends=True)
    (tmp_path / "out.part").write_bytes(b"".join(lines[:2]) + lines[2][:50])
    tally = run(Target("jsonl", tmp_path / "out", resume=True), [*DOCUMENTS])
    assert (tally.n_kept, tally.n_scored) == (2, 2)


def test_a_text_that_changed_is_scored_again(tmp_path: Path) -> None:
    (tmp_path / "out.part").write_bytes(whole(tmp_path, "jsonl"))
    changed = [Document("a", "Another text."), *DOCUMENTS[1:]]
    assert run(Target("jsonl", tmp_path / "out", resume=True), [*changed]).n_scored == 1


def test_failures_are_tried_again(tmp_path: Path) -> None:
    target = Target("jsonl", tmp_path / "out", resume=True)
    first = run(target, [DOCUMENTS[0], InputError("b", "no such file")])
    second = run(target, [*DOCUMENTS[:2]])
    assert (first.exit_status, second.exit_status) == (3, 0)
    assert b"no such file" not in (tmp_path / "out").read_bytes()
    assert (second.n_kept, second.n_scored) == (1, 1)


def test_a_finished_file_is_continued(tmp_path: Path) -> None:
    target = Target("csv", tmp_path / "out", resume=True)
    run(target, DOCUMENTS[:3])
    run(target, [*DOCUMENTS])
    assert (tmp_path / "out").read_bytes() == whole(tmp_path, "csv")


def test_without_an_earlier_file_resuming_is_a_fresh_run(tmp_path: Path) -> None:
    assert run(Target("csv", tmp_path / "out", resume=True), [*DOCUMENTS]).n_scored == 4


def test_all_failing_now_keeps_what_an_earlier_run_scored(tmp_path: Path) -> None:
    target = Target("jsonl", tmp_path / "out", resume=True)
    run(target, [DOCUMENTS[0]])
    assert run(target, [InputError("b", "no such file")]).exit_status == 3
    assert b'"id":"a"' in (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_another_model_is_refused(tmp_path: Path, form: Format) -> None:
    (tmp_path / "out.part").write_bytes(whole(tmp_path, form))
    with pytest.raises(UsageError, match=r"written by model phrases 1\.2, now phrases 2\.0"):
        keep_finished(Target(form, tmp_path / "out", resume=True), manifest(version="2.0"))


def test_a_file_that_holds_no_scores_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("shopping list\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"out:1: no line of scores: .* leave --resume out"):
        keep_finished(Target("jsonl", tmp_path / "out", resume=True), manifest())
    with pytest.raises(UsageError, match=r"out:1: columns shopping list, expected id,source"):
        keep_finished(Target("csv", tmp_path / "out", resume=True), manifest())
    assert (tmp_path / "out").read_text(encoding="utf-8") == "shopping list\n"


def test_rows_of_the_whole_file_are_those_of_the_spans(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(whole(tmp_path, "csv").decode(), newline="")))
    # a: 3 spans, =c: 3, d: 1, and the header.
    assert [row[0] for row in rows] == ["id", "a", "a", "a", "'=c", "'=c", "'=c", "d"]
