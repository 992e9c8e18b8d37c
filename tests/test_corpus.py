from __future__ import annotations

import gzip
import json
import sys

import msgspec
import pytest
from corpus_files import CorpusFiles

from framing.attachment import AttachReport, attach
from framing.corpus import read_corpus, read_labels, read_manifest, read_text, write_labels
from framing.errors import InputError, LabelsError, MissingExtraError, UsageError
from framing.rows import read_splits, update_labels
from framing.spans import LabelledSpan, text_sha256

QUAY = 'The quay burned. "We never lit it," said Oru.'
MILL = "The mill closed on Friday.\n\nNo one was hurt. 🜁"
WIRE = "Known sources say so.\r\nThe wire has no more.\r\n"


@pytest.fixture
def files(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay-1", QUAY, ("denial", "quoted", "We never lit it"), genre="news", title="Quay")
    files.add("mill-1", MILL, split="dev", setting="mill", pair="p1")
    files.add("wire-7", WIRE, ("sourcing_appeal", "own", "Known sources"), collection="wire")
    return files


def replace_line(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_documents_come_in_order_of_id_with_spans_and_metadata(files):
    corpus = read_corpus(*files.write())
    mill, quay = corpus.documents
    assert (mill.document.doc_id, mill.spans) == ("mill-1", ())
    # 'We never lit it' starts behind 17 characters and the quotation mark, and has 15.
    assert quay.spans == (LabelledSpan(18, 33, "denial", "quoted"),)
    assert quay.document.title == "Quay"
    assert quay.document.metadata == {
        "collection": "authored",
        "genre": "news",
        "setting": "harbour",
    }
    assert mill.document.metadata["pair"] == "p1"
    assert corpus.version == corpus.taxonomy.labels_version


def test_a_labelled_text_that_is_not_at_hand_is_unavailable_and_no_error(files):
    corpus = read_corpus(*files.write())
    assert corpus.unavailable == ("wire-7",)
    assert corpus.rows["wire-7"].spans[0].device == "sourcing_appeal"
    assert corpus.manifest["wire-7"].path is None


def test_a_split_can_be_narrowed_to_collections(files):
    corpus = read_corpus(*files.write())
    assert [labelled.document.doc_id for labelled in corpus.split("train")] == ["quay-1"]
    assert [labelled.document.doc_id for labelled in corpus.split("dev", {"authored"})] == [
        "mill-1"
    ]
    assert corpus.split("dev", ["wire"]) == ()
    with pytest.raises(UsageError, match=r"split 'trial': expected one of train, dev, test"):
        corpus.split("trial")


def test_the_digest_depends_on_spans_but_not_on_order(files):
    corpus = read_corpus(*files.write())
    digest = corpus.digest(corpus.documents)
    assert digest == corpus.digest(corpus.documents[::-1])
    files.rows["quay-1"] = msgspec.structs.replace(files.rows["quay-1"], spans=())
    changed = read_corpus(*files.write())
    assert changed.digest(changed.documents) != digest
    assert changed.digest(changed.documents[:1]) == corpus.digest(corpus.documents[:1])


def test_rows_are_written_sorted_one_line_each_with_unicode_kept(files):
    labels, seeds = files.write()
    lines = (seeds / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["doc_id"] for line in lines] == ["mill-1", "quay-1", "wire-7"]
    row = msgspec.structs.replace(files.rows["quay-1"], note="Žižka 🜁")
    span = msgspec.structs.replace(row.spans[0], start=0, end=3, quote="The")
    row = msgspec.structs.replace(row, spans=(*row.spans, span))
    write_labels(labels / "new.jsonl", [row])
    assert "Žižka 🜁" in (labels / "new.jsonl").read_text(encoding="utf-8")
    assert read_labels(labels / "new.jsonl")["quay-1"].spans == (span, row.spans[0])
    assert read_manifest(seeds / "manifest.jsonl") == files.manifest


def test_updated_labels_take_the_place_of_older_ones_and_leave_the_rest(files):
    labels, _ = files.write()
    row = msgspec.structs.replace(files.rows["quay-1"], spans=(), note="read again")
    update_labels(labels / "spans", [("authored", row), ("reports", files.rows["wire-7"])])
    assert read_labels(labels / "spans" / "authored.jsonl") == {
        "mill-1": files.rows["mill-1"],
        "quay-1": row,
    }
    assert list(read_labels(labels / "spans" / "reports.jsonl")) == ["wire-7"]


def test_errors_of_rows_name_file_and_line_and_come_all_together(files):
    labels, seeds = files.write()
    path = labels / "spans" / "authored.jsonl"
    first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join([first, "", second.replace('"start":18', '"start":-1'), "{", first]),
        encoding="utf-8",
    )
    with pytest.raises(LabelsError, match=r"authored\.jsonl:3: Expected `int` >= 0") as caught:
        read_corpus(labels, seeds)
    assert [problem.split("authored.jsonl:")[1][:2] for problem in caught.value.problems[:3]] == [
        "3:",
        "4:",
        "5:",
    ]
    assert "mill-1 stands in" in caught.value.problems[2]


def test_an_unknown_field_of_a_row_is_an_error(files):
    labels, seeds = files.write()
    replace_line(seeds / "manifest.jsonl", '"title":"Quay"', '"headline":"Quay"')
    with pytest.raises(LabelsError, match=r"manifest\.jsonl:2: .*unknown field `headline`"):
        read_corpus(labels, seeds)


def test_a_changed_text_is_an_error(files):
    labels, seeds = files.write()
    path = seeds / "authored" / "harbour" / "quay-1.txt"
    path.write_text(QUAY.replace("never", "always"), encoding="utf-8")
    with pytest.raises(LabelsError, match=r"quay-1\.txt: SHA-256 \w{12}…, expected \w{12}… of"):
        read_corpus(labels, seeds)


def test_labels_of_another_text_are_an_error(files):
    row = files.rows["quay-1"]
    files.rows["quay-1"] = msgspec.structs.replace(row, sha256=text_sha256("other"))
    with pytest.raises(LabelsError, match=r"authored\.jsonl:2: quay-1: labels of the text with"):
        read_corpus(*files.write())


def test_labels_without_a_manifest_row_are_an_error(files):
    labels, seeds = files.write()
    path = labels / "spans" / "authored.jsonl"
    replace_line(path, '"doc_id":"quay-1"', '"doc_id":"quay-2"')
    with pytest.raises(LabelsError, match=r"authored\.jsonl:2: quay-2 is not in .*manifest\.jsonl"):
        read_corpus(labels, seeds)


def test_a_text_that_is_not_utf_8_is_an_error(files):
    labels, seeds = files.write()
    (seeds / "authored" / "harbour" / "quay-1.txt").write_bytes(b"\xe9")
    with pytest.raises(LabelsError, match=r"quay-1\.txt: not UTF-8"):
        read_corpus(labels, seeds)


def test_a_missing_shipped_text_is_an_error(files):
    labels, seeds = files.write()
    (seeds / "authored" / "harbour" / "quay-1.txt").unlink()
    with pytest.raises(LabelsError, match=r"quay-1\.txt: cannot be read .*Restore the file"):
        read_corpus(labels, seeds)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": 33, "end": 33}, r"quay-1 33:33: empty or reversed"),
        ({"end": 99}, r"quay-1 18:99: the text has only 45 characters"),
        ({"end": 32}, r"quote 'We never lit it' differs from the text 'We never lit i'"),
        ({"device": "irony"}, r"unknown device 'irony'\. Expected one of blame_shifting, "),
        ({"voice": "loud"}, r"unknown voice 'loud'\. Expected one of own, quoted, reported"),
    ],
)
def test_a_span_that_does_not_fit_is_an_error(files, changes, message):
    row = files.rows["quay-1"]
    span = msgspec.structs.replace(row.spans[0], **changes)
    files.rows["quay-1"] = msgspec.structs.replace(row, spans=(span,))
    with pytest.raises(LabelsError, match=message):
        read_corpus(*files.write())


@pytest.mark.parametrize("path", ["../outside.txt", "authored/../../outside.txt", "/etc/hosts"])
def test_a_manifest_path_that_leads_out_is_an_error(files, path):
    files.manifest["quay-1"] = msgspec.structs.replace(files.manifest["quay-1"], path=path)
    labels, seeds = files.write()
    (seeds.parent / "outside.txt").write_text(QUAY, encoding="utf-8")
    with pytest.raises(LabelsError, match=r"quay-1: path '.*' leads out of"):
        read_corpus(labels, seeds)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_text_that_is_a_link_out_of_the_seeds_is_an_error(files):
    labels, seeds = files.write()
    path = seeds / "authored" / "harbour" / "quay-1.txt"
    outside = path.rename(seeds.parent / "outside.txt")
    path.symlink_to(outside)
    with pytest.raises(LabelsError, match="leads out of"):
        read_corpus(labels, seeds)


@pytest.mark.parametrize("changes", [{"doc_id": "../x"}, {"collection": "a/b"}, {"doc_id": ".x"}])
def test_ids_that_would_lead_out_of_their_folder_are_errors(files, changes):
    row = msgspec.structs.replace(files.manifest["wire-7"], **changes)
    with pytest.raises(LabelsError, match="expected letters, digits"):
        read_text(files.seeds, row)


def test_an_id_in_two_splits_is_an_error(files):
    labels, seeds = files.write()
    (labels / "splits.json").write_text('{"seed": 1, "dev": ["a"], "test": ["a"]}')
    with pytest.raises(LabelsError, match="a is in dev and again in test"):
        read_corpus(labels, seeds)


def test_damaged_splits_are_an_error(files):
    labels, _ = files.write()
    (labels / "splits.json").write_text('{"seed": 1, "trial": []}')
    with pytest.raises(LabelsError, match=r"splits\.json: .*unknown field `trial`"):
        read_splits(labels / "splits.json")


def test_without_a_splits_file_no_document_is_in_a_split(files):
    labels, seeds = files.write()
    (labels / "splits.json").unlink()
    assert read_corpus(labels, seeds).splits == {}


def test_missing_files_are_named(tmp_path, files):
    labels, _ = files.write()
    with pytest.raises(LabelsError, match=r"nowhere.manifest\.jsonl: cannot be read"):
        read_corpus(labels, tmp_path / "nowhere")


def test_a_dataset_holds_every_split_with_the_same_features(files):
    pytest.importorskip("datasets")
    dataset = read_corpus(*files.write()).to_dataset()
    assert {name: split.num_rows for name, split in dataset.items()} == {
        "train": 1,
        "dev": 1,
        "test": 0,
    }
    # Documents without spans alone would else give a column of nulls.
    assert dataset["dev"].features == dataset["train"].features
    row = dataset["train"][0]
    assert row["spans"] == [{"start": 18, "end": 33, "device": "denial", "voice": "quoted"}]
    assert (row["doc_id"], row["text"], row["genre"], row["side"]) == ("quay-1", QUAY, "news", None)


def test_without_datasets_the_error_names_the_extra(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    corpus = read_corpus(*files.write())
    with pytest.raises(MissingExtraError, match=r"pip install 'framing\[train\]'"):
        corpus.to_dataset()


def attached(seeds, doc_id="wire-7"):
    return (seeds / "attached" / "wire" / f"{doc_id}.txt").read_bytes().decode()


def test_a_text_is_attached_by_its_checksum_whatever_its_name(files, tmp_path):
    labels, seeds = files.write()
    folder = tmp_path / "mine" / "deep"
    folder.mkdir(parents=True)
    (folder / "article-999.txt").write_text(WIRE, encoding="utf-8", newline="")
    (folder / "other.txt").write_text("Something else.", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    report = attach(tmp_path / "mine", seeds)
    assert report == AttachReport({"wire": 1}, {}, {}, 1, ())
    assert attached(seeds) == WIRE
    corpus = read_corpus(labels, seeds)
    assert corpus.unavailable == ()
    assert corpus.documents[-1].document.text == WIRE
    assert attach(tmp_path / "mine", seeds) == AttachReport({}, {"wire": 1}, {}, 1, ())


@pytest.mark.parametrize(
    ("labelled", "copy"),
    [
        ("Line one.\nLine two.\n", "Line one.\r\nLine two.\r\n"),
        ("Line one.\r\nLine two.", "Line one.\r\nLine two. \r\n\r\n"),
        ("Line one.\nLine two.", "Line one.\r\nLine two.\r\n"),
    ],
)
def test_line_ends_and_white_space_at_the_end_do_not_matter(files, tmp_path, labelled, copy):
    files.add("wire-7", labelled, collection="wire")
    _, seeds = files.write()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(copy, encoding="utf-8", newline="")
    assert attach(tmp_path / "mine", seeds).attached == {"wire": 1}
    assert attached(seeds) == labelled


def test_texts_of_json_lines_are_attached_also_compressed(files, tmp_path):
    files.add("wire-8", "A second wire.", collection="wire")
    files.add("wire-9", "A third wire.", collection="wire")
    _, seeds = files.write()
    (tmp_path / "mine").mkdir()
    lines = [{"id": 1, "text": WIRE}, {"id": 2}, {"id": 3, "text": "no match"}]
    (tmp_path / "mine" / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    packed = gzip.compress(json.dumps({"text": "A second wire."}).encode())
    (tmp_path / "mine" / "b.jsonl.gz").write_bytes(packed)
    report = attach(tmp_path / "mine", seeds)
    assert report == AttachReport({"wire": 2}, {}, {"wire": 1}, 0, ())
    assert attached(seeds, "wire-8") == "A second wire."


def test_files_that_cannot_be_read_are_named_and_do_not_stop_the_others(files, tmp_path):
    _, seeds = files.write()
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.jsonl").write_text("{]\n")
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b'{"text": "x"}' * 99)[:-12])
    (folder / "c.txt").write_bytes(b"latin \xe9")
    (folder / "d.txt").write_text(WIRE, encoding="utf-8", newline="")
    report = attach(folder, seeds)
    assert (report.attached, report.n_unmatched) == ({"wire": 1}, 1)
    assert [line.split(": ")[0] for line in report.unreadable] == [
        str(folder / "a.jsonl"),
        str(folder / "b.jsonl.gz"),
    ]


def test_a_damaged_attached_copy_is_an_error_until_it_is_attached_again(files, tmp_path):
    labels, seeds = files.write()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(WIRE, encoding="utf-8", newline="")
    attach(tmp_path / "mine", seeds)
    (seeds / "attached" / "wire" / "wire-7.txt").write_text("edited")
    with pytest.raises(LabelsError, match=r"wire-7\.txt: SHA-256 .* run 'framing seeds attach'"):
        read_corpus(labels, seeds)
    assert attach(tmp_path / "mine", seeds).attached == {"wire": 1}
    assert attached(seeds) == WIRE


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_out_of_the_folder_are_not_followed(files, tmp_path):
    _, seeds = files.write()
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text(WIRE, encoding="utf-8", newline="")
    (tmp_path / "mine" / "a.txt").symlink_to(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "mine" / "folder").symlink_to(tmp_path / "elsewhere")
    assert attach(tmp_path / "mine", seeds) == AttachReport({}, {}, {"wire": 1}, 0, ())


def test_a_folder_that_is_not_there_is_an_input_error(files, tmp_path):
    _, seeds = files.write()
    with pytest.raises(InputError, match="no such folder"):
        attach(tmp_path / "nowhere", seeds)
