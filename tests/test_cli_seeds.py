from __future__ import annotations

import json

import pytest
from corpus_files import CorpusFiles

WIRE = "Known sources say so.\n"


@pytest.fixture
def files(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay-1", "The quay burned.", ("denial", "own", "burned"))
    files.add("wire-7", WIRE, ("sourcing_appeal", "own", "Known sources"), collection="wire")
    files.write()
    return files


@pytest.fixture
def framing(framing, monkeypatch, tmp_path, files):  # noqa: ARG001
    """Run the command line beside `labels` and `seeds`; return exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    return framing


def test_the_list_tells_what_is_at_hand_and_how_to_obtain_the_rest(framing):
    status, output, _ = framing("seeds", "list")
    assert (status, output.splitlines()) == (
        0,
        [
            "collection  doc_id  n_characters  text",
            "authored    quay-1            16  at hand",
            "wire        wire-7            22  Ask its organisers.",
        ],
    )


def test_the_list_comes_as_json_lines(framing):
    _, output, _ = framing("seeds", "list", "--format", "jsonl")
    assert json.loads(output.splitlines()[1]) == {
        "collection": "wire",
        "doc_id": "wire-7",
        "n_characters": 22,
        "at_hand": False,
        "obtain": "Ask its organisers.",
    }


def test_check_counts_texts_that_match(framing):
    assert framing("seeds", "check") == (
        0,
        "1 texts match the manifest, 1 are not at hand\n",
        "",
    )


def test_check_names_a_changed_text(framing, files):
    (files.seeds / "authored" / "harbour" / "quay-1.txt").write_text("It fell.")
    status, output, errors = framing("seeds", "check", "--seeds", files.seeds)
    assert (status, output) == (1, "")
    assert "quay-1.txt: SHA-256" in errors


def test_attach_reports_by_collection_and_ends_with_3_if_a_file_is_damaged(framing, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(WIRE)
    (tmp_path / "mine" / "b.txt").write_text("Something else.")
    status, output, errors = framing("seeds", "attach", "mine")
    assert (status, output.splitlines()) == (
        0,
        ["collection  attached  already  missing", "wire               1        0        0"],
    )
    assert errors == "1 files hold no text of the manifest\n"
    (tmp_path / "mine" / "c.jsonl").write_text("{")
    status, output, errors = framing("seeds", "attach", "mine")
    assert status == 3
    assert "wire               0        1        0" in output
    assert "c.jsonl: " in errors


def test_attach_of_a_missing_folder_is_one_line(framing):
    status, _, errors = framing("seeds", "attach", "nowhere")
    assert (status, errors) == (
        1,
        "framing: nowhere: no such folder. Expected one that holds your copies.\n",
    )
