from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from framing.classifier import Classifier
from framing.corpus import read_corpus, read_labels
from framing.encoding import Tokens, device_targets
from framing.errors import LabelsError, UsageError
from framing.evaluation import evaluate, read_predictions
from framing.exchange.ptc import import_ptc
from framing.rows import read_manifest, read_splits
from framing.scoring import load
from framing.taxonomy import read_taxonomy
from framing.tfidf.samples import samples
from framing.training import TrainingRun, train_tfidf
from framing.validation import check_corpus

LOADED, SLOGANS, DOUBT = "Loaded_Language", "Slogans", "Doubt"
# 'Vile crooks! ' 0:13, 'Who trusts Oru?' 13:28, a wave outside the basic plane, CR LF at 31.
QUAY = "Vile crooks! Who trusts Oru? \U0001f30a \r\nThe quay stayed shut.\n"
MILL = "\ufeffThe mill closed on Friday.\n"


def write_layout(
    folder: Path,
    train: dict[str, str],
    dev: dict[str, str],
    spans: dict[str, list[tuple[str, int, int]]],
) -> Path:
    """Write the shared task's files; the spans of each article are (technique, start, end)."""
    parts = (
        ("train", train, "train-task1-SI.labels", "train-task2-TC.labels"),
        ("dev", dev, "dev-task-SI.labels", "dev-task-TC.labels"),
    )
    for name, texts, si, tc in parts:
        (folder / f"{name}-articles").mkdir(parents=True)
        for article, text in texts.items():
            path = folder / f"{name}-articles" / f"article{article}.txt"
            path.write_text(text, encoding="utf-8", newline="")
        lines = [(article, *span) for article in texts for span in spans.get(article, ())]
        (folder / si).write_text("".join(f"{a}\t{s}\t{e}\n" for a, _, s, e in lines))
        (folder / tc).write_text("".join(f"{a}\t{t}\t{s}\t{e}\n" for a, t, s, e in lines))
    return folder


@pytest.fixture
def folder(tmp_path):
    train = {"70": QUAY, "71": MILL} | {f"8{i}": f"Ship {i} left.\n" for i in range(18)}
    spans = {
        # 0:4 and 2:11 share two characters, 11:13 only touches; 5:28 goes over a sentence end.
        "70": [(LOADED, 0, 4), (LOADED, 2, 11), (LOADED, 11, 13), (DOUBT, 5, 28), (DOUBT, 5, 28)],
        "90": [(SLOGANS, 0, 4)],
    }
    dev = {"90": "Gulls cry.\n", "91": "Rain fell.\n"}
    return write_layout(tmp_path / "ptc", train, dev, spans)


@pytest.fixture
def take(folder, tmp_path):
    def take(task="si"):
        labels, seeds = tmp_path / f"{task}-labels", tmp_path / f"{task}-seeds"
        import_ptc(folder, task, labels, seeds)
        return labels, seeds

    return take


def test_texts_are_taken_as_they_are_and_kept_from_git(take):
    _, seeds = take()
    manifest = read_manifest(seeds / "manifest.jsonl")
    assert len(manifest) == 22
    assert {row.path for row in manifest.values()} == {None}
    assert manifest["ptc-71"].obtain == (
        "PTC-SemEval20 corpus, train-articles, by registration with the organisers"
    )
    assert (seeds / "attached" / "ptc" / "ptc-70.txt").read_bytes() == QUAY.encode()
    assert (seeds / "attached" / "ptc" / "ptc-71.txt").read_bytes() == MILL.encode()
    assert manifest["ptc-71"].n_characters == 28  # the byte order mark is a character
    assert (seeds / "attached" / ".gitignore").read_text() == "*\n"


def test_a_tenth_of_the_train_articles_is_held_out_and_dev_articles_test(take, folder, tmp_path):
    labels, _ = take()
    splits = read_splits(labels / "splits.json")
    assert Counter(dict(splits.items()).values()) == {"train": 18, "dev": 2, "test": 2}
    assert splits.test == ("ptc-90", "ptc-91")
    import_ptc(folder, "si", tmp_path / "again", tmp_path / "again-seeds")
    assert read_splits(tmp_path / "again" / "splits.json") == splits


def test_span_identification_has_one_device_and_merges_spans_that_share_a_character(take):
    labels, _ = take("si")
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    assert (taxonomy.device_names, taxonomy.voice_names) == (("propaganda",), ("own",))
    rows = read_labels(labels / "spans" / "ptc.jsonl")
    # 0:4, 2:11 and 5:28 hang together; 11:13 lies inside them.
    assert [(s.start, s.end, s.device, s.voice, s.quote) for s in rows["ptc-70"].spans] == [
        (0, 28, "propaganda", "own", None)
    ]
    assert rows["ptc-91"].spans == ()
    assert len(rows) == 22


def test_technique_classification_has_14_devices_and_merges_within_each(take):
    labels, _ = take("tc")
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    assert len(taxonomy.devices) == 14
    assert {"Bandwagon,Reductio_ad_hitlerum", "Flag-Waving"} < set(taxonomy.device_names)
    assert len({device.letter for device in taxonomy.devices}) == 14
    assert len({device.colour for device in taxonomy.devices}) == 14
    row = read_labels(labels / "spans" / "ptc.jsonl")["ptc-70"]
    # 11:13 ends with white space and touches 0:11: it stays as its annotators left it.
    assert [(s.start, s.end, s.device) for s in row.spans] == [
        (0, 11, LOADED),
        (5, 28, DOUBT),
        (11, 13, LOADED),
    ]


@pytest.mark.parametrize("task", ["si", "tc"])
def test_what_was_taken_in_passes_every_check(take, task):
    assert check_corpus(*take(task)) == []


def test_a_span_over_a_sentence_end_is_learned_from_whole(take):
    corpus = read_corpus(*take("tc"))
    (quay,) = [d for d in corpus.documents if d.document.doc_id == "ptc-70"]
    column = corpus.taxonomy.device_names.index(DOUBT)
    (sample,) = samples([quay], corpus.taxonomy)
    # 5:28 touches the first two of four sentences, of which the wave is one ...
    assert sample.targets[:, column].tolist() == [True, True, False, False]
    # ... and of the tokens 0:4, 5:11, 13:16, 24:27, 33:36 all but the first and the last.
    starts, ends = (np.array(bounds) for bounds in ([0, 5, 13, 24, 33], [4, 11, 16, 27, 36]))
    targets = device_targets(Tokens(starts, starts, ends), quay.spans, corpus.taxonomy)
    assert targets[:, column].tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("70 Doubt 0 4", "'70 Doubt 0 4'. Expected article id, technique, start, end, separated"),
        ("70\t0\t4", "Expected article id, technique, start, end"),
        ("70\tDoubt\t-1\t4", "Expected article id"),
        ("70\tDoubt\t0\tfour", "Expected article id"),
        ("70\tDoubt\t0\t4\t", "Expected article id"),
        ("70\tDoubt\t8\t4", "70 8:4: empty or reversed"),
        ("70\tDoubt\t0\t60", "70 0:60: the text has only 55 characters"),
        ("70\tIrony\t0\t4", "70 0:4: unknown device 'Irony'. Expected one of Appeal_to_Authority,"),
        ("7\tDoubt\t0\t4", "7 0:4: no such article in"),
    ],
)
def test_a_line_that_is_not_one_is_named(folder, tmp_path, line, fault):
    path = folder / "train-task2-TC.labels"
    path.write_text(f"70\tDoubt\t0\t4\r\n\n{line}\n", newline="")
    with pytest.raises(LabelsError, match=r"TC\.labels:3: ") as caught:
        import_ptc(folder, "tc", tmp_path / "labels", tmp_path / "seeds")
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:3: ")
    assert fault in problem
    assert not (tmp_path / "labels").exists()
    assert not (tmp_path / "seeds").exists()


def test_every_fault_is_named_in_order_of_place(folder, tmp_path):
    (folder / "train-articles" / "article71.txt").write_bytes(b"\xff\xfe")
    (folder / "train-articles" / "article 5.txt").write_text("x")
    (folder / "train-task1-SI.labels").write_text("70\t0\t99\n71\t0\t4\n72\t9\t4\n")
    (folder / "dev-articles" / "article70.txt").write_text("Sand.")
    (folder / "dev-task-SI.labels").unlink()
    with pytest.raises(LabelsError, match="the text has only 55 characters") as caught:
        import_ptc(folder, "si", tmp_path / "labels", tmp_path / "seeds")
    expected = [
        "train-articles/article 5.txt: expected letters",
        "train-articles/article71.txt: not UTF-8",
        "train-task1-SI.labels:1: 70 0:99: the text has only 55",
        "train-task1-SI.labels:3: 72 9:4: no such article in",
        "train-task1-SI.labels:3: 72 9:4: empty or reversed",
        "dev-task-SI.labels: cannot be read (No such file or directory)",
        "dev-articles: ptc-70 is in",
    ]
    for problem, part in zip(caught.value.problems, expected, strict=True):
        assert problem.startswith(f"{folder}/{part}")


def test_a_folder_that_is_not_the_corpus_lacks_four_things(tmp_path):
    with pytest.raises(LabelsError, match="train-articles: no article") as caught:
        import_ptc(tmp_path / "none", "tc", tmp_path / "labels", tmp_path / "seeds")
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("name", ["labels", "seeds"])
def test_nothing_is_written_over(folder, tmp_path, name):
    (tmp_path / name).mkdir()
    import_ptc(folder, "si", tmp_path / "labels", tmp_path / "seeds")  # an empty one may be there
    other = tmp_path / "new"
    targets = {"labels": other, "seeds": other, name: tmp_path / name}
    with pytest.raises(UsageError, match=f"{name}: exists already; name a new folder"):
        import_ptc(folder, "si", **targets)
    assert not other.exists()


TEXT = "Oru rowed. " * 5  # 55 characters
ARTICLES = ("1", "2", "3")
SPANS = st.lists(
    st.tuples(
        st.sampled_from(ARTICLES),
        st.sampled_from([LOADED, SLOGANS, DOUBT]),
        st.integers(0, 40),
        st.integers(1, 15),
    ),
    max_size=12,
)
# Each example writes a corpus: to shrink a failing one would take minutes.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


def shared_task_figures(gold, predicted):
    """The shared task's precision, recall and F1, with sets of characters.

    Each span is (article, technique, characters). Those of one side that share a character are
    united first. With C(s, t, h) = |s ∩ t| / h for a predicted s and a gold t of one article and
    technique, P is the sum of C(s, t, |s|) over all pairs by the number of s, R that of
    C(s, t, |t|) by the number of t.
    Source: Da San Martino et al. 2020, measure of span identification.
    """
    gold, predicted = united(gold), united(predicted)
    precision = recall = 0.0
    for article, technique, found in predicted:
        for other, same, wanted in gold:
            if (article, technique) == (other, same):
                precision += len(found & wanted) / len(found) / len(predicted)
                recall += len(found & wanted) / len(wanted) / len(gold)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return pytest.approx((precision, recall, f1))


def united(spans):
    spans = list(spans)
    for i, (article, technique, characters) in enumerate(spans):
        for j in range(i):
            if spans[j][:2] == (article, technique) and spans[j][2] & characters:
                both = (article, technique, spans[j][2] | characters)
                return united([*spans[:j], *spans[j + 1 : i], *spans[i + 1 :], both])
    return spans


def characters_of(spans, device=None):
    """Return spans with their characters: of one technique, or all as one device for SI."""
    return [
        (article, "propaganda" if device == "propaganda" else technique, set(range(s, s + n)))
        for article, technique, s, n in spans
        if device in (None, "propaganda", technique)
    ]


def figures_of(match):
    values = (match.precision.value, match.recall.value, match.f1.value)
    return tuple(value or 0.0 for value in values)  # None: nothing to divide by


def evaluated(gold, predicted, task):
    """Import random gold spans, and evaluate predictions given as a file."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        spans = {a: [(t, s, s + n) for b, t, s, n in gold if a == b] for a in ARTICLES}
        write_layout(root, {"8": TEXT, "9": TEXT}, dict.fromkeys(ARTICLES, TEXT), spans)
        import_ptc(root, task, root / "labels", root / "seeds")
        lines = [
            {
                "id": f"ptc-{article}",
                "spans": [
                    {"start": s, "end": s + n, "device": "propaganda" if task == "si" else t}
                    for other, t, s, n in predicted
                    if other == article
                ],
            }
            for article in ARTICLES
        ]
        (root / "outside.jsonl").write_text("\n".join(map(json.dumps, lines)))
        corpus = read_corpus(root / "labels", root / "seeds")
        result = evaluate([read_predictions(root / "outside.jsonl")], corpus)
        return result.models[0].groups["all"]


@settings(max_examples=25, deadline=None, phases=UNSHRUNK)
@given(SPANS, SPANS)
def test_span_identification_is_evaluated_as_by_the_shared_task(gold, predicted):
    found = evaluated(gold, predicted, "si")
    sides = (characters_of(side, "propaganda") for side in (gold, predicted))
    assert figures_of(found.micro.overlap) == shared_task_figures(*sides)


@settings(max_examples=15, deadline=None, phases=UNSHRUNK)
@given(SPANS, SPANS)
def test_techniques_are_evaluated_each_and_together_as_by_the_shared_task(gold, predicted):
    found = evaluated(gold, predicted, "tc")
    sides = (characters_of(side) for side in (gold, predicted))
    assert figures_of(found.micro.overlap) == shared_task_figures(*sides)
    for device in (LOADED, SLOGANS, DOUBT):
        sides = (characters_of(side, device) for side in (gold, predicted))
        assert figures_of(found.devices[device].overlap) == shared_task_figures(*sides)


def test_a_hand_made_case_of_the_shared_task():
    # Gold of article 1: 0:10 and 5:20 united to 0:20. Predicted 10:30: P 10/20, R 10/20; then
    # 40:50 in article 2, where nothing is gold: P 0.5/2.
    gold = [("1", DOUBT, 0, 10), ("1", LOADED, 5, 15)]
    found = evaluated(gold, [("1", DOUBT, 10, 20), ("2", DOUBT, 40, 10)], "si")
    assert figures_of(found.micro.overlap) == pytest.approx((0.25, 0.5, 1 / 3))


@pytest.mark.parametrize("task", ["si", "tc"])
def test_a_baseline_learns_from_it_and_is_evaluated_on_the_dev_articles(tmp_path, task):
    def text(i):
        return f"Boat {i} came in. The vile crooks lie. Rain fell on pier {i}.\n"

    train, dev = ({str(i): text(i) for i in ids} for ids in (range(10, 40), range(40, 46)))
    spans = {
        article: [(LOADED, content.index("vile"), content.index("vile") + 11)]
        for article, content in (train | dev).items()
    }
    write_layout(tmp_path, train, dev, spans)
    labels, seeds = tmp_path / "labels", tmp_path / "seeds"
    import_ptc(tmp_path, task, labels, seeds)
    corpus = read_corpus(labels, seeds)
    run = TrainingRun(
        corpus=corpus,
        output=tmp_path / "model",
        seed=0,
        collections=None,
        name_swaps=0.0,
        model_version="1.0.0",
        command="",
    )
    train_tfidf(run, lambda _line: None)
    model: Classifier = load(str(tmp_path / "model"))
    found = evaluate([model], corpus, "test").models[0].groups["all"]
    # Each of the six articles has one span, 'vile crooks', in the clause 'The vile crooks lie'.
    device = found.devices["propaganda" if task == "si" else LOADED]
    assert (device.overlap.n_gold, device.overlap.recall.value) == (6, 1.0)
    assert found.micro.overlap.n_gold == 6
