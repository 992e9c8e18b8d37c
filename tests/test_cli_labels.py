from __future__ import annotations

import json
from functools import partial

import msgspec
import pytest
from corpus_files import CorpusFiles

from framing.corpus import read_labels, write_labels
from framing.taxonomy import read_taxonomy

QUAY = "We never lit it."


@pytest.fixture
def files(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay-1", QUAY, ("denial", "own", "We never lit it"), genre="news", split="test")
    files.add("mill-1", "The mill closed.", setting="mill", genre="news")
    files.add("wire-7", "Known sources say so.", collection="wire")
    files.write()
    return files


@pytest.fixture
def framing(framing, monkeypatch, tmp_path, files):  # noqa: ARG001
    """Run the command line beside `labels` and `seeds`; return exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    return partial(framing, "labels")


def test_check_wants_up_to_date_stats_and_then_says_what_was_checked(framing, files):
    assert framing("check") == (
        1,
        "",
        "framing: labels/stats.json: missing. Run 'framing labels stats --write'.\n",
    )
    assert framing("stats", "--write") == (0, "", "wrote labels/stats.json\n")
    assert framing("check") == (
        0,
        "3 documents, 1 spans, labels 0.1.0: no problem; 1 texts are not at hand\n",
        "",
    )
    files.rows["quay-1"] = msgspec.structs.replace(files.rows["quay-1"], spans=())
    files.write()
    status, _, errors = framing("check")
    assert status == 1
    assert "not up to date" in errors


def test_check_names_every_problem(framing, files):
    del files.splits["mill-1"], files.splits["wire-7"]
    files.write()
    status, output, errors = framing("check")
    assert (status, output) == (1, "")
    assert errors.count("is in no split") == 2


def test_check_warns_of_near_duplicates_in_a_split_and_refuses_them_across(framing, files):
    long = "The harbour office of Tarn sent the crews home before the storm had come."
    files.add("tarn-1", long, setting="tarn")
    files.add("tarn-2", long + " All left.", setting="tarn")
    files.write()
    framing("stats", "--write")
    status, output, errors = framing("check")
    # 14 words, 12 trigrams, of 14 with the two words more: 0.86.
    assert (status, output.startswith("5 documents")) == (0, True)
    assert errors == (
        "warning: tarn-1 (train) and tarn-2 (train) are near-duplicates, similarity 0.86. "
        "They count twice.\n"
    )
    files.add("tarn-2", long + " All left.", setting="port", split="dev")
    files.write()
    framing("stats", "--write")
    assert framing("check") == (
        1,
        "",
        "framing: labels/splits.json: tarn-1 (train) and tarn-2 (dev) are near-duplicates, "
        "similarity 0.86. Keep them in one split, or drop one.\n",
    )


def test_stats_are_printed_as_json_with_what_is_measured_of_texts_at_hand(framing):
    status, output, _ = framing("stats")
    content = json.loads(output)
    assert (status, content["all"]["n_documents"]) == (0, 3)
    assert content["at_hand"]["n_documents"] == 2


def test_stats_that_are_written_hold_no_figure_of_texts_at_hand(framing, files):
    framing("stats", "--write")
    content = json.loads((files.labels / "stats.json").read_bytes())
    assert content["authored"]["n_documents"] == 2
    assert "at_hand" not in content


def test_split_shows_counts_and_writes_only_when_told(framing, files):
    files.splits = {"quay-1": "test"}
    files.write()
    before = (files.labels / "splits.json").read_bytes()
    # 2 authored: test holds 1 of 0.3; dev takes the other. 1 of wire: it fills test.
    expected = [
        "collection  train  dev  test",
        "authored        0    1     1",
        "wire            0    0     1",
    ]
    status, output, errors = framing("split")
    assert (status, output.splitlines(), errors) == (0, expected, "")
    assert (files.labels / "splits.json").read_bytes() == before
    framing("split", "--seed", 5, "--write")
    assert json.loads((files.labels / "splits.json").read_bytes()) == {
        "seed": 5,
        "train": [],
        "dev": ["mill-1"],
        "test": ["quay-1", "wire-7"],
    }


def test_agreement_compares_two_layers(framing, files):
    row = files.rows["quay-1"]
    write_labels(files.labels / "annotators" / "bo" / "authored.jsonl", [row])
    status, output, _ = framing("agreement", "labels/annotators/bo", "labels/spans/authored.jsonl")
    lines = output.splitlines()
    assert status == 0
    assert lines[0].split() == [
        "collection",
        "device",
        "n_documents",
        "n_first",
        "n_second",
        "f1",
        "n_matched",
        "voice",
        "n_with_text",
        "alpha",
    ]
    # The text has one sentence, which both mark: no variation, no alpha.
    assert [line.split() for line in lines if "denial" in line] == [
        ["all", "denial", "1", "1", "1", "1.00", "1", "1.00", "1", "-"],
        ["authored", "denial", "1", "1", "1", "1.00", "1", "1.00", "1", "-"],
    ]
    # Of four devices both mark one: no disagreement.
    assert lines[5].split() == ["all", "micro", "1", "1", "1", "1.00", "1", "1.00", "1", "1.00"]


def test_alpha_needs_the_text(framing):
    lines = framing("agreement", "labels/spans", "labels/spans")[1].splitlines()
    rows = {tuple(line.split()[:2]): line.split()[-2:] for line in lines}
    assert rows["wire", "micro"] == ["0", "-"]
    assert rows["all", "micro"] == ["2", "1.00"]


def test_agreement_as_json_holds_every_pair(framing):
    _, output, _ = framing("agreement", "labels/spans", "labels/spans", "--format", "json")
    content = json.loads(output)
    assert content["rows"][-1]["collection"] == "wire"
    (pair,) = content["documents"]["quay-1"]
    assert (pair["kind"], pair["first"]["start"], pair["second"]["end"]) == ("agreed", 0, 15)


def test_marked_texts_go_out_and_come_in(framing, files, tmp_path):
    before = read_labels(files.labels / "spans" / "authored.jsonl")
    assert framing("export", "--format", "markup", "out", "--split", "test") == (
        0,
        "",
        "wrote 1 documents to out\n",
    )
    path = tmp_path / "out" / "quay-1.txt"
    assert "{{denial/own: We never lit it}}." in path.read_text()
    assert framing("import", "--format", "markup", path)[2] == "imported 1 documents\n"
    assert read_labels(files.labels / "spans" / "authored.jsonl") == before


def test_a_packet_goes_out_and_its_answers_come_in(framing, files, tmp_path):
    packet = ("export", "--format", "packet", "out", "--collection", "authored")
    assert framing(*packet)[0] == 2
    assert framing(*packet, "--key", "key.json")[2] == "wrote 2 documents to out\n"
    answers = [{"doc_id": name, "spans": []} for name in ("d001", "d002")]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, answers)))
    answered = ("import", "--format", "quotes", "a.jsonl", "--key", "key.json")
    status, _, errors = framing(*answered)
    assert (status, errors) == (
        2,
        "framing: --format quotes: give one file of answers, --key and --annotator\n",
    )
    assert framing(*answered, "--annotator", "bo")[0] == 0
    assert list(read_labels(files.labels / "annotators" / "bo")) == ["mill-1", "quay-1"]


@pytest.mark.parametrize(("options", "n_devices"), [((), 1), (("--task", "tc"), 14)])
def test_the_shared_task_s_corpus_comes_in_and_passes_the_check(
    framing, tmp_path, options, n_devices
):
    for part, si, tc in (("train", "task1-SI", "task2-TC"), ("dev", "task-SI", "task-TC")):
        (tmp_path / "ptc" / f"{part}-articles").mkdir(parents=True)
        (tmp_path / "ptc" / f"{part}-{si}.labels").write_text("")
        (tmp_path / "ptc" / f"{part}-{tc}.labels").write_text("")
        article = tmp_path / "ptc" / f"{part}-articles" / f"article{len(part)}.txt"
        article.write_text(f"The {part} pier is shut.\n")
    new = ("--labels", "new/labels", "--seeds", "new/seeds")
    assert framing("import", "--format", "ptc", "ptc", *options, *new) == (
        0,
        "",
        "wrote new/labels/stats.json\nimported 2 documents\n",
    )
    assert len(read_taxonomy(tmp_path / "new" / "labels" / "taxonomy.toml").devices) == n_devices
    status, output, _ = framing("check", *new)
    assert (status, output.startswith("2 documents, 0 spans, labels PTC-SemEval20-")) == (0, True)


def test_the_shared_task_s_corpus_is_one_folder_and_spares_what_is_there(framing, tmp_path):
    (tmp_path / "ptc").mkdir()
    status, _, errors = framing("import", "--format", "ptc", "ptc", "ptc")
    assert (status, errors) == (2, "framing: --format ptc: give one folder, that of the corpus\n")
    status, _, errors = framing("import", "--format", "ptc", "ptc")
    assert (status, errors) == (2, "framing: labels: exists already; name a new folder\n")
