from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from blocked_libraries import scored_without_training_libraries
from tiny_encoder import (
    CUE_SENTENCES,
    CUES,
    Trained,
    made_up_text,
    run_of,
    tiny_settings,
    write_corpus,
)

import framing
from framing.corpus import Corpus
from framing.errors import ModelError
from framing.model_folder import MANIFEST, open_model_folder
from framing.spans import LabelledSpan, ScoredDocument
from framing.training import train_transformer

pytestmark = pytest.mark.slow

PLAIN = "Workers met near a bridge. Ships left early across the valley."


@pytest.fixture(scope="module")
def classifier(trained: Trained) -> framing.Classifier:
    return framing.load(str(trained.folder))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def quotes(scored: ScoredDocument) -> list[tuple[str, str, str]]:
    return [(span.device, span.voice, scored.quote(span)) for span in scored.spans]


def test_a_model_folder_is_whole_and_says_what_it_was_made_of(
    trained: Trained, made_up_corpus: Corpus
) -> None:
    manifest = open_model_folder(trained.folder)
    assert names(trained.folder) == sorted([MANIFEST, *manifest.files])
    assert sorted(manifest.files) == ["model.onnx", "tokenizer.json"]
    assert (manifest.name, manifest.kind, manifest.version) == ("tiny", "transformer", "1.0.0")
    assert (manifest.seed, manifest.command) == (3, "framing train transformer --seed 3")
    assert manifest.taxonomy == made_up_corpus.taxonomy
    used = [*made_up_corpus.split("train"), *made_up_corpus.split("dev")]
    assert manifest.labels_digest == made_up_corpus.digest(used)
    assert manifest.labels_version == "0.1.0"
    assert {"framing", "torch", "transformers", "onnxruntime"} <= set(manifest.libraries)
    devices = set(made_up_corpus.taxonomy.device_names)
    assert set(manifest.thresholds) == devices
    assert set(manifest.calibration.spans) == set(manifest.calibration.documents) == devices
    assert set(manifest.settings["edges"]) == devices  # type: ignore[arg-type]


def test_neither_checkpoints_nor_temporary_files_are_left(trained: Trained) -> None:
    assert names(trained.folder.parent) == [trained.folder.name]


def test_others_may_read_a_model_folder(trained: Trained) -> None:
    assert trained.folder.stat().st_mode & 0o777 == 0o755


def test_training_says_what_it_does_and_how_well(trained: Trained) -> None:
    # 96 documents; of those from d16 on the half with i % 8 > 3: 40 in dev, 56 in train.
    assert trained.lines[0] == "56 documents to train on, 40 to tune on"
    assert "denial: overlap F1 1.000 on dev" in trained.lines


@pytest.mark.parametrize(("cue", "sentence"), list(zip(CUES, CUE_SENTENCES, strict=True)))
def test_a_phrase_that_always_carries_a_device_is_found_with_its_voice(
    classifier: framing.Classifier, cue: str, sentence: str
) -> None:
    scored = classifier.predict(f"Workers met near a bridge. {sentence} Ships left early.")
    voice = "quoted" if sentence.startswith("“") else "own"
    assert quotes(scored) == [("denial", voice, cue)]
    plain = classifier.predict(PLAIN)
    assert plain.spans == ()
    assert scored.device_scores["denial"] > 0.5 > plain.device_scores["denial"]


def test_a_long_text_is_scored_whole(classifier: framing.Classifier) -> None:
    random_state = random.Random(5)
    parts = [made_up_text(random_state, 1) for _ in range(1400)]
    for place in (0, 1, 700, 1398, 1399):
        parts[place] = CUE_SENTENCES[place % 2]
    text = " ".join(parts)
    assert len(text) > 50_000
    scored = classifier.predict(text)
    found = [(scored.quote(span), span.start) for span in scored.spans]
    assert found == [(cue, text.index(cue, start)) for cue, start in _places(text)]
    # Away from the edges of windows the scores are those of the same sentences in a short text.
    around = " ".join(parts[695:706])
    (alone,) = classifier.predict(around).spans
    assert scored.spans[2].score == pytest.approx(alone.score, abs=0.1)


def _places(text: str) -> list[tuple[str, int]]:
    places = [(cue, i) for cue in CUES for i in range(len(text)) if text.startswith(cue, i)]
    return sorted(places, key=lambda place: place[1])


def texts(n: int) -> list[str]:
    random_state = random.Random(11)
    return [
        made_up_text(random_state, 1 + 3 * i % 17, CUE_SENTENCES[i % 2] if i % 3 else None)
        for i in range(n)
    ]


def probabilities(scored: ScoredDocument) -> list[float]:
    spans: tuple[LabelledSpan, ...] = (*scored.spans, *scored.uncertain)
    return [*scored.device_scores.values(), *(span.score or 0 for span in spans)]


def test_several_documents_get_what_each_gets_alone(classifier: framing.Classifier) -> None:
    # Dynamic quantisation scales the activations of a batch together, padding and all, so that the
    # texts beside a text move its numbers a little: the probability of a token by up to 0.013 in
    # this network, the scores of documents and spans by 0.0004. In 32 bits they are the same.
    together = classifier.predict(texts(40))
    for text, scored in zip(texts(40), together, strict=True):
        alone = classifier.predict(text)
        assert quotes(scored) == quotes(alone)
        assert probabilities(scored) == pytest.approx(probabilities(alone), abs=0.01)


def test_threads_share_a_model_and_agree(classifier: framing.Classifier) -> None:
    start = threading.Barrier(2)

    def score(_: int) -> list[ScoredDocument]:
        start.wait()
        return classifier.predict(texts(40))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(score, range(2))
    assert [probabilities(scored) for scored in first] == [probabilities(s) for s in second]
    assert first == second


def test_a_trained_model_scores_without_torch_and_transformers(trained: Trained) -> None:
    assert scored_without_training_libraries(trained.folder, CUE_SENTENCES[0]) == [CUES[0]]


OTHER_TAXONOMY = """
labels_version = "9.0"
codebook_version = "2.0"
[[devices]]
name = "flag_waving"
title = "Flag waving"
letter = "W"
colour = "#112233"
definition = ""
[[devices]]
name = "Doubt"
title = "Doubt"
letter = "Q"
colour = "#445566"
definition = ""
[[voices]]
name = "narrator"
title = "narrator"
definition = ""
[[voices]]
name = "speaker"
title = "speaker"
definition = ""
"""


def test_other_devices_and_voices_are_trained_with_no_change_of_code(
    base_model: Path, tmp_path: Path
) -> None:
    corpus = write_corpus(
        tmp_path / "corpus",
        device="Doubt",
        voices=("narrator", "speaker"),
        taxonomy=OTHER_TAXONOMY,
    )
    run = run_of(corpus, tmp_path / "other")
    train_transformer(run, tiny_settings(base_model), lambda _: None)
    scored = framing.load(str(run.output)).predict(f"{PLAIN} {CUE_SENTENCES[1]}")
    assert quotes(scored) == [("Doubt", "speaker", CUES[1])]
    assert set(scored.device_scores) == {"flag_waving", "Doubt"}
    assert scored.device_scores["flag_waving"] < 0.5 < scored.device_scores["Doubt"]


def test_after_an_interrupt_the_same_command_goes_on_and_cleans_up(
    base_model: Path, made_up_corpus: Corpus, trained: Trained, tmp_path: Path
) -> None:
    run = run_of(made_up_corpus, tmp_path / "tiny")

    def interrupt(line: str) -> None:
        if line.startswith("export"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_transformer(run, tiny_settings(base_model), interrupt)
    assert names(tmp_path) == ["tiny.checkpoints"]
    lines: list[str] = []
    train_transformer(run, tiny_settings(base_model), lines.append)
    assert names(tmp_path) == ["tiny"]
    first, second = (open_model_folder(path) for path in (trained.folder, run.output))
    assert first.thresholds == second.thresholds
    assert first.calibration == second.calibration


def test_a_training_goes_on_from_no_checkpoint_of_another_one(
    base_model: Path, made_up_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Path] = []

    def record(*arguments: object) -> None:
        used.append(arguments[-1])  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr("framing.transformer.fit_transformer", record)
    smaller = write_corpus(tmp_path / "smaller", 40)
    settings = tiny_settings(base_model)
    output = tmp_path / "tiny"
    for run, run_settings in [
        (run_of(made_up_corpus, output), settings),
        (run_of(made_up_corpus, output), settings),
        (run_of(made_up_corpus, output, seed=4), settings),
        (run_of(made_up_corpus, output), tiny_settings(base_model, epochs=3)),
        (run_of(smaller, output), settings),
    ]:
        with pytest.raises(KeyboardInterrupt):
            train_transformer(run, run_settings, lambda _: None)
    assert used[0] == used[1]
    assert len(set(used)) == 4


def test_a_base_model_that_is_not_at_hand_is_one_line_and_leaves_nothing(
    made_up_corpus: Corpus, tmp_path: Path
) -> None:
    run = run_of(made_up_corpus, tmp_path / "models" / "tiny")
    settings = tiny_settings(Path("no/such-encoder"))
    with pytest.raises(ModelError, match="no/such-encoder: base model cannot be loaded") as error:
        train_transformer(run, settings, lambda _: None)
    assert "\n" not in str(error.value)
    assert names(tmp_path / "models") == []
