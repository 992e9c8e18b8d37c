from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from five_documents import GOLD, PREDICTED, TAXONOMY, D, Listed, S, corpus

from framing.calibration import ReliabilityBin
from framing.corpus import Corpus
from framing.errors import InputError, LabelsError, ModelError, UsageError
from framing.evaluation import Evaluation, Signature, evaluate, read_predictions
from framing.figures import Figure
from framing.files import file_sha256
from framing.model_folder import write_manifest


@pytest.fixture(scope="module")
def model():
    return Listed("listed", PREDICTED)


@pytest.fixture(scope="module")
def evaluation(model):
    return evaluate([model, Listed("perfect", GOLD)], corpus(("far-1", "far-2")), seed=7)


@pytest.fixture(scope="module")
def figures(evaluation):
    return evaluation.models[0].groups["all"]


def line(gold, **fields):
    spans = [{"start": s.start, "end": s.end, "device": s.device} for s in gold.spans]
    return json.dumps({"id": gold.document.doc_id, "spans": spans, **fields})


def write_predictions(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_overlap_of_devices_and_of_all(figures):
    # worked out in test_metrics
    assert figures.devices[D].overlap.precision.value == pytest.approx(4 / 6)
    assert figures.devices[D].overlap.recall.value == pytest.approx(2.75 / 3)
    assert figures.devices[S].overlap.f1.value == pytest.approx(0.6)
    assert figures.micro.overlap.f1.value == pytest.approx(187 / 268)
    assert (figures.micro.overlap.n_gold, figures.micro.overlap.n_predicted) == (6, 8)


def test_exact_and_sentence_figures_of_all(figures):
    # exact: 1 right, 8 predicted, 7 gold; sentences: 4 + 2 right, 7 + 4 predicted, 4 + 3 gold
    assert figures.micro.exact.f1.value == pytest.approx(2 / 15)
    assert figures.micro.sentence.f1.value == pytest.approx(12 / 18)


def test_documents_that_hold_a_device(figures):
    # D predicted in all five, gold in three of them; S: gold in one, four, five, predicted in two
    assert figures.devices[D].document.f1.value == pytest.approx(6 / 8)
    assert figures.devices[S].document.f1.value == pytest.approx(4 / 5)
    assert figures.micro.document.f1.value == pytest.approx(10 / 13)


def test_voice_accuracy_and_its_support(figures):
    assert (figures.devices[D].voice_accuracy.value, figures.devices[D].n_matched) == (0.5, 4)
    assert (figures.devices[S].voice_accuracy.value, figures.devices[S].n_matched) == (1.0, 2)
    assert figures.micro.voice_accuracy.value == pytest.approx(4 / 6)


def test_average_precision_counts_uncertain_spans(figures):
    assert figures.devices[D].average_precision.value == pytest.approx(11 / 12)
    assert figures.devices[S].average_precision.value == pytest.approx(0.7)


def test_calibration_of_span_scores_counts_uncertain_spans(figures):
    # S: .8, .5 (20 of 40 characters in gold) and uncertain .3 are all correct
    sourcing = figures.devices[S]
    assert sourcing.n_scored == 3
    assert sourcing.brier_score.value == pytest.approx((0.04 + 0.25 + 0.49) / 3)
    assert sourcing.expected_calibration_error == Figure(pytest.approx((0.2 + 0.5 + 0.7) / 3))
    assert sourcing.reliability[0] == ReliabilityBin(1, 0.3, 1.0)
    # D: right .9 .7 .6 .9, wrong .6 .5
    squares = 0.01 + 0.09 + 0.16 + 0.01 + 0.36 + 0.25
    assert figures.devices[D].brier_score.value == pytest.approx(squares / 6)
    assert figures.micro.n_scored == 9


def test_false_alarms_in_a_thousand_neutral_sentences(figures):
    # 13 neutral sentences: D touches 2 (three), S 2 (five), together 4
    assert figures.micro.n_neutral_sentences == 13
    assert figures.devices[D].false_alarms.value == pytest.approx(2000 / 13)
    assert figures.devices[S].false_alarms.value == pytest.approx(2000 / 13)
    assert figures.micro.false_alarms.value == pytest.approx(4000 / 13)


def test_false_alarms_in_documents_without_gold(figures):
    # three alone: 2 of its 4 sentences
    assert figures.micro.n_sentences_of_neutral_documents == 4
    assert figures.devices[D].false_alarms_in_neutral_documents.value == 500.0
    assert figures.devices[S].false_alarms_in_neutral_documents.value == 0.0


def test_authored_and_real_documents_have_figures_of_their_own(evaluation):
    groups = evaluation.models[0].groups
    assert {name: group.n_documents for name, group in groups.items()} == {
        "all": 5,
        "authored": 3,
        "real": 2,
    }
    # authored D: one 20/20, two 20/20 + 10/10, three 0 -> P 3/4; gold 20/20, 30/40 -> R 1.75/2
    assert groups["authored"].devices[D].overlap.precision.value == pytest.approx(3 / 4)
    assert groups["authored"].devices[D].overlap.recall.value == pytest.approx(7 / 8)
    # real D: four 20/20, five 0 -> P 1/2, R 1
    assert groups["real"].devices[D].overlap.f1.value == pytest.approx(2 / 3)


def test_intervals_hold_the_figures(figures):
    for match in (figures.micro.overlap, figures.micro.sentence, figures.devices[D].overlap):
        for figure in (match.precision, match.recall, match.f1):
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
    assert figures.micro.overlap.f1.low < figures.micro.overlap.f1.high


def test_a_perfect_model_is_perfect_and_has_no_scores(evaluation):
    micro = evaluation.models[1].groups["all"].micro
    for match in (micro.overlap, micro.exact, micro.sentence, micro.document):
        assert match.f1 == Figure(1.0, 1.0, 1.0)
    assert micro.voice_accuracy.value == 1.0
    assert micro.false_alarms.value == 0.0
    assert micro.average_precision == Figure()
    assert (micro.brier_score, micro.expected_calibration_error) == (Figure(), Figure())


def test_each_further_model_is_compared_with_the_first(evaluation):
    differences = {(c.group, c.device): c for c in evaluation.comparisons}
    assert set(differences) == {
        (group, device) for group in ("all", "authored", "real") for device in (D, S, "micro")
    }
    micro = differences["all", "micro"]
    assert (micro.first, micro.second) == ("listed", "perfect")
    assert micro.difference.value == pytest.approx(1 - 187 / 268)
    assert micro.difference.low >= 0
    # the perfect model is better on each of five documents: 2 of 2^5 swaps differ as much
    assert micro.p_value == pytest.approx(2 / 32, abs=0.02)


def test_the_signature_tells_the_settings(evaluation):
    signature = evaluation.signature
    assert signature == Signature(
        split="test",
        collections=("authored", "ptc", "semeval2025"),
        n_documents=5,
        n_unavailable=2,
        n_spans=7,
        n_characters=400,
        digest=corpus().digest(GOLD),
        labels_version="0.3.0",
        seed=7,
        n_resamples=2000,
        framing_version=signature.framing_version,
    )
    assert "5 documents | 7 gold spans" in str(signature)


def test_the_model_is_known_by_the_sha256_of_its_manifest(model, tmp_path):
    (tmp_path / "weights").write_bytes(b"1")
    written = write_manifest(tmp_path, model.manifest, ["weights"])
    listed = Listed("listed", PREDICTED)
    listed.manifest = written
    found = evaluate([listed], corpus()).models[0]
    assert found.sha256 == file_sha256(tmp_path / "manifest.json")
    assert (found.name, found.kind, found.version) == ("listed", "tfidf", "2026.1")
    assert found.characters_per_second == pytest.approx(400 / found.seconds)


def test_the_same_seed_gives_the_same_figures(evaluation, model):
    again = evaluate([model, Listed("perfect", GOLD)], corpus(("far-1", "far-2")), seed=7)
    assert again.models[0].groups == evaluation.models[0].groups
    assert again.comparisons == evaluation.comparisons


def test_two_models_of_one_name_are_told_apart(model):
    names = [found.name for found in evaluate([model, model], corpus()).models]
    assert names == ["listed (1)", "listed (2)"]


def test_an_evaluation_survives_json(evaluation):
    content = msgspec.json.encode(evaluation)
    assert msgspec.json.decode(content, type=Evaluation) == evaluation


def test_collections_restrict_the_documents(model):
    assert evaluate([model], corpus(), collections=["authored"]).signature.n_documents == 3
    real = evaluate([model], corpus(("far-1",)), collections=["real"])
    assert real.signature.collections == ("ptc", "semeval2025")
    assert (real.signature.n_documents, real.signature.n_unavailable) == (2, 1)
    assert set(real.models[0].groups) == {"all", "real"}


def test_one_document_has_figures_without_intervals(model):
    one = corpus()
    one = replace(one, documents=one.documents[:1])
    overlap = evaluate([model], one).models[0].groups["all"].micro.overlap
    assert overlap.recall == Figure(0.75)  # (20/20 + 10/20) / 2


def test_an_unknown_collection_is_refused(model):
    with pytest.raises(UsageError, match=r"collection 'gum': .* one of authored, semeval2025"):
        evaluate([model], corpus(), collections=["gum"])


def test_a_split_without_documents_is_refused(model):
    with pytest.raises(LabelsError, match="dev split of authored, semeval2025: no document"):
        evaluate([model], corpus(), split="dev")


def test_a_split_without_texts_tells_how_to_get_them(model):
    with pytest.raises(LabelsError, match=r"2 labelled documents, none with its text .* attach"):
        evaluate([model], corpus(("far-1", "far-2")), collections=["ptc"])


def test_a_model_that_knows_no_device_of_the_labels_is_refused(model):
    other = msgspec.structs.replace(TAXONOMY.devices[0], name="slogans")
    alien = corpus()
    taxonomy = msgspec.structs.replace(TAXONOMY, devices=(other,))
    alien = Corpus(taxonomy, alien.manifest, alien.documents, alien.splits, ())
    with pytest.raises(ModelError, match=r"listed: finds denial, sourcing_appeal, .* have slogans"):
        evaluate([model], alien)


def test_predictions_without_voices_and_scores_have_figures_of_spans_alone(tmp_path):
    path = write_predictions(tmp_path / "outside.jsonl", *map(line, GOLD))
    found = evaluate([read_predictions(path)], corpus()).models[0]
    micro = found.groups["all"].micro
    assert micro.overlap.f1.value == 1.0
    assert (micro.voice_accuracy, micro.n_matched) == (Figure(), 0)
    assert micro.average_precision == Figure()
    assert (found.name, found.kind, found.seconds) == ("outside", "predictions", None)
    assert found.sha256 == file_sha256(path)


def test_score_records_are_predictions(tmp_path, figures):
    def span_records(spans):
        return [
            {**msgspec.to_builtins(span), "text": "…", "sentence": [0, 20], "voice_score": None}
            for span in spans
        ]

    lines = [
        json.dumps(
            {
                "schema_version": 1,
                "id": f"folder/{scored.document.doc_id}.txt",  # not the id of the corpus
                "text_sha256": scored.document.sha256,
                "spans": span_records(scored.spans),
                "uncertain": span_records(scored.uncertain),
            }
        )
        for scored in PREDICTED
    ]
    path = write_predictions(tmp_path / "scores.jsonl", *lines)
    found = evaluate([read_predictions(path)], corpus(), seed=7).models[0]
    assert found.groups["all"] == figures


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"outside.jsonl:1: Input data was truncated. Expected \{"),
        ('{"spans": []}', "outside.jsonl:1: no id"),
        (
            '{"id": "one", "spans": [{"start": -1, "end": 2, "device": "x"}]}',
            "1: Expected `int` >=",
        ),
        ('{"id": "one", "spans": []}\n\n{"doc_id": "one", "spans": []}', "3: 'one' stands in .*:1"),
    ],
)
def test_lines_that_are_no_predictions_are_refused(tmp_path, content, message):
    path = write_predictions(tmp_path / "outside.jsonl", content)
    with pytest.raises(InputError, match=message):
        read_predictions(path)


def test_a_missing_file_of_predictions_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.jsonl: cannot be read \(No such file"):
        read_predictions(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ('{"id": "other", "spans": []}', "no line for 1 of 5 documents, first 'one'"),
        ('{"id": "one", "text_sha256": "ab", "spans": []}', "1: text_sha256 ab… is not that of"),
        (
            '{"id": "one", "spans": [{"start": 70, "end": 81, "device": "denial"}]}',
            "1: 70:81: expected start < end <= 80",
        ),
        (
            '{"id": "one", "spans": [{"start": 7, "end": 7, "device": "denial"}]}',
            "1: 7:7: expected start < end",
        ),
        (
            '{"id": "one", "uncertain": [{"start": 1, "end": 2, "device": "doubt"}], "spans": []}',
            "1: 1:2: unknown device 'doubt'. Expected one of denial, sourcing_appeal",
        ),
    ],
)
def test_predictions_that_are_not_of_these_documents_are_refused(tmp_path, first, message):
    path = write_predictions(tmp_path / "outside.jsonl", first, *map(line, GOLD[1:]))
    with pytest.raises(InputError, match=message):
        evaluate([read_predictions(path)], corpus())
