from __future__ import annotations

import json

import pytest
from corpus_files import TAXONOMY, CorpusFiles

from framing.corpus import read_labels
from framing.errors import LabelsError, UsageError
from framing.exchange.quotes import export_packet, import_answers, read_answers, write_packet
from framing.spans import Document

QUAY = "We never lit it. No, we never did.\r\n"
MILL = "The mill closed."
DOCUMENTS = [
    Document("quay-1", QUAY, metadata={"collection": "authored"}),
    Document("mill-1", MILL, metadata={"collection": "wire"}),
]


@pytest.fixture
def packet(tmp_path):
    write_packet(DOCUMENTS, tmp_path / "packet", tmp_path / "key.json", seed=3)
    key = json.loads((tmp_path / "key.json").read_text())
    return {doc_id: name for name, doc_id in key.items()}


@pytest.fixture
def answer(tmp_path, packet):
    def read(*answers, **spans_by_document):
        lines = [{"doc_id": packet[d], "spans": spans} for d, spans in spans_by_document.items()]
        path = tmp_path / "answers.jsonl"
        path.write_text("\n".join(json.dumps(line) for line in [*lines, *answers]))
        return read_answers(path, tmp_path / "key.json", DOCUMENTS, TAXONOMY, "ann")

    return lambda quay=(), mill=(), extra=(): read(*extra, **{"quay-1": quay, "mill-1": mill})


def quotation(quote, device="denial", voice="own", **more):
    return {"device": device, "voice": voice, "quote": quote, **more}


def test_a_packet_holds_anonymous_texts_and_the_key_lies_outside(tmp_path, packet):
    assert sorted(packet.values()) == ["d001", "d002"]
    assert sorted(path.name for path in (tmp_path / "packet").rglob("*")) == [
        "d001.txt",
        "d002.txt",
        "texts",
    ]
    copy = tmp_path / "packet" / "texts" / f"{packet['quay-1']}.txt"
    assert copy.read_bytes().decode() == QUAY


def test_the_order_is_shuffled_by_the_seed_alone(tmp_path):
    documents = [Document(f"doc-{number}", "x") for number in range(9)]
    keys = []
    for name, seed, order in (("a", 1, 1), ("b", 1, -1), ("c", 2, 1)):
        write_packet(documents[::order], tmp_path / name, tmp_path / f"{name}.json", seed)
        keys.append(list(json.loads((tmp_path / f"{name}.json").read_text()).values()))
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    assert keys[0] != sorted(keys[0])


def test_a_key_that_the_annotator_would_see_is_refused(tmp_path):
    with pytest.raises(UsageError, match="the key lies inside"):
        write_packet(DOCUMENTS, tmp_path / "new", tmp_path / "new" / "key.json", seed=1)


@pytest.mark.usefixtures("packet")
def test_a_packet_is_not_written_over_another(tmp_path):
    with pytest.raises(UsageError, match="holds files already"):
        write_packet(DOCUMENTS, tmp_path / "packet", tmp_path / "key2.json", seed=1)


def test_quotes_become_spans(answer):
    rows = answer(
        quay=[
            quotation("we never did", "foreignising"),
            quotation("We never lit it", voice="quoted"),
        ],
        mill=[quotation("The mill", "sourcing_appeal")],
    )
    mill, quay = rows
    # 'We never lit it' has 15 characters; 'we never did' starts behind '. No, ' at 21.
    assert [(s.start, s.end, s.device, s.voice, s.quote) for s in quay.spans] == [
        (0, 15, "denial", "quoted", "We never lit it"),
        (21, 33, "foreignising", "own", "we never did"),
    ]
    assert (quay.doc_id, quay.annotators, quay.sha256) == ("quay-1", ("ann",), DOCUMENTS[0].sha256)
    # The words of a text that is not ours stay out of the labels.
    assert [span.quote for span in mill.spans] == [None]


def test_the_occurrence_picks_among_equal_quotes(answer):
    _, quay = answer(quay=[quotation("never", occurrence=2)])
    assert [(span.start, span.end) for span in quay.spans] == [(24, 29)]


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([quotation("never")], "quote 'never': stands in the text 2 times"),
        ([quotation("never", occurrence=3)], "occurrence 3, but the text has it 2 times"),
        ([quotation("We always")], "quote 'We always': not in the text"),
        ([quotation("We never lit it", "irony")], "unknown device 'irony'"),
        ([quotation("We never lit it", voice="loud")], "unknown voice 'loud'"),
        ([quotation("We never lit it.")], r"ends with '\.'"),
        ([quotation(" we never did")], "starts with white space"),
        ([quotation("")], "quote '': empty"),
        ([quotation("We never lit"), quotation("lit it")], "'lit it': overlaps 'We never lit'"),
        ([quotation("We never", occurrence=0)], r":1: Expected `int` >= 1"),
    ],
)
def test_faults_of_a_quotation_are_named(answer, spans, message):
    with pytest.raises(LabelsError, match=message):
        answer(quay=spans)


def test_spans_of_different_devices_may_overlap(answer):
    _, quay = answer(quay=[quotation("We never lit"), quotation("lit it", "foreignising")])
    assert len(quay.spans) == 2


def test_every_fault_is_listed(answer, packet):
    extra = [{"doc_id": "d009", "spans": []}, {"doc_id": packet["mill-1"], "spans": []}]
    with pytest.raises(LabelsError, match="d009 is not in the packet") as caught:
        answer(quay=[quotation("never"), quotation("sky")], extra=extra)
    assert len(caught.value.problems) == 4
    assert "is answered in" in caught.value.problems[1]


def test_a_missing_answer_is_an_error(tmp_path, packet):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"doc_id": packet["quay-1"], "spans": []}) + "\n\n")
    with pytest.raises(LabelsError, match=f"no answer for {packet['mill-1']}"):
        read_answers(path, tmp_path / "key.json", DOCUMENTS, TAXONOMY, "ann")


@pytest.mark.usefixtures("packet")
def test_a_key_of_other_documents_is_an_error(tmp_path):
    with pytest.raises(LabelsError, match="the text of quay-1 is not at hand"):
        read_answers(tmp_path / "a", tmp_path / "key.json", DOCUMENTS[1:], TAXONOMY, "ann")
    (tmp_path / "key.json").write_text("[]")
    with pytest.raises(LabelsError, match=r"key\.json: Expected `object`"):
        read_answers(tmp_path / "a", tmp_path / "key.json", DOCUMENTS, TAXONOMY, "ann")
    with pytest.raises(LabelsError, match=r"none\.json: cannot be read"):
        read_answers(tmp_path / "a", tmp_path / "none.json", DOCUMENTS, TAXONOMY, "ann")


@pytest.mark.usefixtures("packet")
def test_missing_answers_files_are_an_error(tmp_path):
    with pytest.raises(LabelsError, match=r"none\.jsonl: cannot be read"):
        read_answers(tmp_path / "none.jsonl", tmp_path / "key.json", DOCUMENTS, TAXONOMY, "ann")


@pytest.fixture
def folders(tmp_path):
    files = CorpusFiles(tmp_path / "corpus")
    files.add("quay-1", "We never lit it.", split="test")
    files.add("mill-1", "The mill closed.", split="dev", setting="mill")
    return files.write()


def test_a_packet_of_a_split_comes_back_as_a_layer(tmp_path, folders):
    labels, seeds = folders
    key = tmp_path / "key.json"
    assert export_packet(labels, seeds, tmp_path / "out", key, 1, split="test") == 1
    assert json.loads(key.read_text()) == {"d001": "quay-1"}
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"doc_id": "d001", "spans": [quotation("We never lit it")]}))
    assert import_answers(answers, key, labels, seeds, "bo") == 1
    (row,) = read_labels(labels / "annotators" / "bo").values()
    assert (row.annotators, row.spans[0].quote) == (("bo",), "We never lit it")


def test_a_packet_of_nothing_is_refused(tmp_path, folders):
    with pytest.raises(UsageError, match="no such document is at hand"):
        export_packet(*folders, tmp_path / "out", tmp_path / "key.json", 1, collections=["wire"])


def test_an_annotator_whose_name_leads_out_is_refused(tmp_path, folders):
    with pytest.raises(UsageError, match=r"annotator '\.\./x': expected letters"):
        import_answers(tmp_path / "a", tmp_path / "k", *folders, "../x")
