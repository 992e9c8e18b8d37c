from __future__ import annotations

import unicodedata

import pytest
from corpus_files import TAXONOMY, CorpusFiles
from hypothesis import given
from hypothesis import strategies as st

from framing.corpus import read_corpus, read_labels
from framing.errors import LabelsError
from framing.exchange.authored import export_authored, import_authored, read_authored
from framing.exchange.markup import format_markup, parse_markup
from framing.spans import Document, LabelledDocument, LabelledSpan


def parse(markup, first_line=1):
    return parse_markup(markup, TAXONOMY, "draft.txt", first_line)


def labelled(text, *spans):
    return LabelledDocument(Document("d", text), tuple(LabelledSpan(*span) for span in spans))


def test_a_mark_becomes_a_span_of_the_plain_text():
    # 'Oru said: ' has 10 characters, 'we never did it' 15.
    text, spans = parse("Oru said: {{denial/quoted: we never did it}}.")
    assert text == "Oru said: we never did it."
    assert spans == (LabelledSpan(10, 25, "denial", "quoted"),)


def test_marks_nest():
    text, spans = parse(
        "{{blame_shifting/own: {{foreignising/own: Spies from Tarn}} lit "
        "{{sourcing_appeal/own: x}}}}"
    )
    assert text == "Spies from Tarn lit x"
    assert spans == (
        LabelledSpan(0, 15, "foreignising", "own"),
        LabelledSpan(0, 21, "blame_shifting", "own"),
        LabelledSpan(20, 21, "sourcing_appeal", "own"),
    )


def test_a_backslash_makes_braces_literal_and_is_itself_elsewhere():
    text, spans = parse(r"a \{{ b \}} c { d } e \n f \\{{denial/own: no}}")
    assert text == "a {{ b }} c { d } e \\n f \\no"
    # The single backslash before 'no' is character 25.
    assert spans == (LabelledSpan(26, 28, "denial", "own"),)


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("One.\nTwo {{denial/own: no", r"draft\.txt:2:5: never closed\. Add '}}'"),
        ("{{denial: no}}", r"draft\.txt:1:1: '{{' without a label"),
        ("a {{irony/own: no}}", r"draft\.txt:1:3: unknown device 'irony'\. Expected one of blame"),
        ("a {{denial/loud: no}}", r"draft\.txt:1:3: unknown voice 'loud'"),
        ("a {{denial/own: }} b", r"draft\.txt:1:3: empty"),
        ("a {{denial/own:  no}} b", r"draft\.txt:1:3: starts with white space"),
        ("a {{denial/own: no }} b", r"draft\.txt:1:3: ends with white space"),
        ("a {{denial/own: no.}} b", r"draft\.txt:1:3: ends with '\.'"),
        ("a\n\nb }} c", r"draft\.txt:3:3: closes no mark"),
        ("a{{/denial}} b", r"draft\.txt:1:2: closes no mark"),
        (
            "{{denial/own: we {{denial/own: never}} did}}",
            r"draft\.txt:1:18: denial inside denial",
        ),
    ],
)
def test_faults_name_line_and_column(markup, message):
    with pytest.raises(LabelsError, match=message) as caught:
        parse(markup)
    assert len(caught.value.problems) == 1


def test_all_faults_come_together_in_order_of_place():
    with pytest.raises(LabelsError, match="never closed") as caught:
        parse("{{denial/own: never closed\n{{irony/own: no}} {{denial/own:}}", first_line=5)
    # The mark at 6:19 is empty, and of the same device as the open one at 5:1.
    places = [problem.split(": ")[0] for problem in caught.value.problems]
    assert places == ["draft.txt:5:1", "draft.txt:6:1", "draft.txt:6:19", "draft.txt:6:19"]


def test_initials_may_end_a_span():
    _, spans = parse("It was {{blame_shifting/own: the work of the U.N.}} again.")
    assert spans == (LabelledSpan(7, 27, "blame_shifting", "own"),)


def test_of_marks_that_cross_the_first_to_end_is_closed_by_name():
    document = labelled("one two three", (0, 7, "denial", "own"), (4, 13, "foreignising", "own"))
    markup = "{{denial/own: one {{foreignising/own: two{{/denial}} three}}"
    assert format_markup(document) == markup
    assert parse(markup) == (document.document.text, document.spans)


def test_formatted_markup_reads_as_it_is_written_by_hand():
    document = labelled("we never did", (0, 12, "denial", "own"), (3, 8, "foreignising", "own"))
    assert format_markup(document) == "{{denial/own: we {{foreignising/own: never}} did}}"


WORDS = st.text(st.sampled_from("ab{}\\🜁é:/"), min_size=1, max_size=4)


@st.composite
def marked_documents(draw):
    words = draw(st.lists(WORDS, min_size=1, max_size=12))
    separators = draw(
        st.lists(st.sampled_from([" ", "\n", "  "]), min_size=len(words), max_size=len(words))
    )
    text, bounds = "", []
    for word, separator in zip(words, separators, strict=True):
        bounds.append((len(text), len(text) + len(word)))
        text += word + separator
    index = st.integers(0, len(words) - 1)
    spans = []
    for device in TAXONOMY.device_names:
        for first, last in draw(st.lists(st.tuples(index, index), max_size=3)):
            span = LabelledSpan(
                bounds[min(first, last)][0],
                bounds[max(first, last)][1],
                device,
                draw(st.sampled_from(TAXONOMY.voice_names)),
            )
            if not any(span.overlap(each) for each in spans if each.device == device):
                spans.append(span)
    return LabelledDocument(Document("d", text), tuple(sorted(spans)))


@given(marked_documents())
def test_markup_goes_out_and_comes_back(document):
    assert parse(format_markup(document)) == (document.document.text, document.spans)


HEADER = """doc_id: quay-1
title: Fire: the quay
genre: news
setting: Harbour fire (Tarn)
side: accused
writer: ann, bo
names: [{"name": "Tarn", "kind": "country", "forms": {"adjective": "Tarnish"}}]
---
"""


@pytest.fixture
def draft(tmp_path):
    def write(content, name="draft.txt"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return write


def test_an_authored_file_gives_manifest_row_label_row_and_text(draft):
    document = read_authored(draft(HEADER + "Quay\n\n{{denial/own: We never lit it}}.\n"), TAXONOMY)
    assert document.text == "Quay\n\nWe never lit it."
    assert document.source.path == "authored/harbour-fire-tarn/quay-1.txt"
    assert document.source.title == "Fire: the quay"
    assert document.source.names[0].forms == {"adjective": "Tarnish"}
    # 'Quay' and the blank line are 6 characters; the text has 6 + 15 + 1.
    assert document.source.n_characters == 22
    assert document.labels.annotators == ("ann", "bo")
    (span,) = document.labels.spans
    assert (span.start, span.end, span.quote) == (6, 21, "We never lit it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("doc_id: x\nText.", "no line '---'"),
        (HEADER.replace("genre: news\n", ""), "no genre in the header"),
        (HEADER.replace("genre:", "kind:"), r"draft\.txt:3: 'kind: news'\. Expected 'key: value'"),
        (HEADER.replace("side: accused", "accused"), r"draft\.txt:5: 'accused'"),
        (HEADER.replace("side: accused", "genre: blog"), r"draft\.txt:5: genre comes twice"),
        (HEADER.replace("[{", "[{{"), r"draft\.txt: names: JSON is malformed"),
        (HEADER + "a\n{{denial/own: b", r"draft\.txt:10:1: never closed"),
        (HEADER + "a\r\nb", "CR line ends"),
        (HEADER + unicodedata.normalize("NFD", "é"), "not in Unicode form NFC"),
    ],
)
def test_faults_of_an_authored_file_are_named(draft, content, message):
    with pytest.raises(LabelsError, match=message):
        read_authored(draft(content), TAXONOMY)


def test_a_file_that_is_not_utf_8_or_missing_is_an_error(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"doc_id: \xe9")
    with pytest.raises(LabelsError, match=r"latin\.txt: not UTF-8"):
        read_authored(tmp_path / "latin.txt", TAXONOMY)
    with pytest.raises(LabelsError, match=r"none\.txt: cannot be read"):
        read_authored(tmp_path / "none.txt", TAXONOMY)


def test_imported_files_become_a_corpus_and_export_to_what_they_were(tmp_path, draft):
    files = CorpusFiles(tmp_path / "corpus")
    content = HEADER + "Quay\n\n{{denial/own: We never lit it}}.\n"
    assert import_authored([draft(content)], files.labels, files.seeds) == 1
    corpus = read_corpus(files.labels, files.seeds)
    assert corpus.documents[0].spans == (LabelledSpan(6, 21, "denial", "own"),)
    assert export_authored(corpus, corpus.documents, tmp_path / "out") == 1
    exported = tmp_path / "out" / "quay-1.txt"
    assert read_authored(exported, TAXONOMY) == read_authored(tmp_path / "draft.txt", TAXONOMY)


def test_an_import_replaces_labels_but_never_a_labelled_text(tmp_path, draft):
    files = CorpusFiles(tmp_path / "corpus")
    files.add("quay-1", "We never lit it.", ("denial", "own", "We never lit it"))
    labels, seeds = files.write()
    import_authored([draft(HEADER + "We {{denial/own: never lit it}}.")], labels, seeds)
    (span,) = read_labels(labels / "spans")["quay-1"].spans
    assert (span.start, span.end) == (3, 15)
    assert (seeds / "manifest.jsonl").read_text().count("\n") == 1
    with pytest.raises(LabelsError, match="quay-1: the text differs from the one that was"):
        import_authored([draft(HEADER + "We {{denial/own: did not}}.")], labels, seeds)


def test_labels_of_a_text_that_is_not_shipped_get_no_quotes(tmp_path, draft):
    files = CorpusFiles(tmp_path / "corpus")
    files.add("quay-1", "We never lit it.", collection="wire")
    labels, seeds = files.write()
    import_authored([draft(HEADER + "{{denial/own: We never lit it}}.")], labels, seeds)
    (span,) = read_labels(labels / "spans" / "wire.jsonl")["quay-1"].spans
    assert (span.device, span.quote) == ("denial", None)


def test_an_import_with_a_fault_takes_nothing_in(tmp_path, draft):
    files = CorpusFiles(tmp_path / "corpus")
    good, bad = draft(HEADER + "Good."), draft(HEADER + "{{denial/own: bad", "bad.txt")
    with pytest.raises(LabelsError, match=r"bad\.txt:9:1: never closed") as caught:
        import_authored([good, bad, good], files.labels, files.seeds)
    assert "quay-1 comes twice" in caught.value.problems[1]
    assert list(files.seeds.iterdir()) == []


def test_an_id_that_leads_out_of_the_seeds_is_not_imported(tmp_path, draft):
    files = CorpusFiles(tmp_path / "corpus")
    path = draft(HEADER.replace("quay-1", "../../quay-1") + "Text.")
    with pytest.raises(LabelsError, match=r"'\.\./\.\./quay-1': expected letters"):
        import_authored([path], files.labels, files.seeds)
