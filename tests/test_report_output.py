from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from phrase_matcher import manifest, scored

from framing.errors import FramingError, InputError, UsageError
from framing.report.output import Format, Tally, Target, choose_target, write_results
from framing.scoring import Result

FAILURE = InputError("gone.txt", "no such file")


def target(path: str | None = None, form: Format | None = None, **options: bool) -> Target:
    defaults = {"resume": False, "with_text": False, "to_terminal": False}
    return choose_target(form, path and Path(path), **(defaults | options))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("a.jsonl", "jsonl"),
        ("a.CSV", "csv"),
        ("a.html", "html"),
        ("a.htm", "html"),
        ("a.txt", "table"),
    ],
)
def test_the_suffix_of_a_file_tells_the_format(path: str, form: str) -> None:
    assert target(path).format == form


def test_a_format_that_is_named_wins() -> None:
    assert target("a.html", "csv").format == "csv"


def test_a_terminal_gets_a_table_and_a_pipe_json_lines() -> None:
    assert target(to_terminal=True).format == "table"
    assert target(to_terminal=False).format == "jsonl"


def test_a_suffix_that_tells_nothing_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"a\.xyz: the suffix tells no format"):
        target("a.xyz")


def test_a_missing_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a file in a folder that exists"):
        target(str(tmp_path / "none" / "a.csv"))
    with pytest.raises(UsageError, match="expected a file in a folder that exists"):
        target(str(tmp_path), "csv")


@pytest.mark.parametrize(
    ("path", "form"), [(None, "jsonl"), ("a.html", "html"), ("a.txt", "table")]
)
def test_resuming_needs_a_file_of_records(path: str | None, form: Format) -> None:
    with pytest.raises(UsageError, match="--resume goes with --output FILE"):
        target(path, form, resume=True)


def test_the_text_goes_into_json_lines_only() -> None:
    with pytest.raises(UsageError, match="--with-text goes with the format jsonl, not csv"):
        target("a.csv", with_text=True)


def interrupted(*results: Result) -> Iterator[Result]:
    yield from results
    raise KeyboardInterrupt


FORMATS = ["jsonl", "csv", "html", "table"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_finished_file_has_its_name_and_no_part_is_left(tmp_path: Path, form: Format) -> None:
    tally = Tally()
    results = [scored("It never happened."), FAILURE]
    write_results(results, Target(form, tmp_path / "out"), manifest(), tally)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert "never happened" in (tmp_path / "out").read_text(encoding="utf-8")
    assert (tally.n_scored, tally.n_failed, tally.n_characters) == (1, 1, 18)
    assert tally.exit_status == 3


@pytest.mark.parametrize("form", FORMATS)
def test_no_file_is_made_when_every_input_failed(tmp_path: Path, form: Format) -> None:
    tally = Tally()
    write_results([FAILURE], Target(form, tmp_path / "out"), manifest(), tally)
    assert list(tmp_path.iterdir()) == []
    assert tally.exit_status == 1


@pytest.mark.parametrize(
    ("form", "left"), [("jsonl", ["out.part"]), ("csv", ["out.part"]), ("html", []), ("table", [])]
)
def test_an_interrupt_leaves_what_can_be_resumed_and_never_the_name(
    tmp_path: Path, form: Format, left: list[str]
) -> None:
    results = interrupted(scored("It never happened."))
    with pytest.raises(KeyboardInterrupt):
        write_results(results, Target(form, tmp_path / "out"), manifest(), Tally())
    assert [path.name for path in tmp_path.iterdir()] == left


def test_an_interrupt_before_the_first_record_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_results(interrupted(), Target("jsonl", tmp_path / "out"), manifest(), Tally())
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_the_earlier_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("earlier", encoding="utf-8")
    results = interrupted(scored("Rain."))
    with pytest.raises(KeyboardInterrupt):
        write_results(results, Target("html", tmp_path / "out"), manifest(), Tally())
    assert (tmp_path / "out").read_text(encoding="utf-8") == "earlier"


def test_each_record_is_on_disk_before_the_next_document_is_scored(tmp_path: Path) -> None:
    part = tmp_path / "out.part"

    def results() -> Iterator[Result]:
        for n_lines in range(3):
            if n_lines:
                assert len(part.read_text(encoding="utf-8").splitlines()) == n_lines
            yield scored("It never happened.")

    write_results(results(), Target("jsonl", tmp_path / "out"), manifest(), Tally())
    assert len((tmp_path / "out").read_text(encoding="utf-8").splitlines()) == 3


def test_a_fresh_run_starts_anew_over_an_earlier_part(tmp_path: Path) -> None:
    (tmp_path / "out.part").write_text("earlier\n", encoding="utf-8")
    write_results([scored("Rain.")], Target("jsonl", tmp_path / "out"), manifest(), Tally())
    (line,) = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["id"] == "d1"


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "out.part").mkdir()
    with pytest.raises(FramingError, match="out: cannot be written: Is a directory"):
        write_results([scored("Rain.")], Target("jsonl", tmp_path / "out"), manifest(), Tally())


def test_an_empty_batch_is_no_failure() -> None:
    assert Tally().exit_status == 0
