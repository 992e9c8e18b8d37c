from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from blocked_libraries import scored_without_training_libraries
from lookup_network import OTHER, OVERLAP, SETTINGS, TAXONOMY, WINDOW, WORDS, write_lookup_model

import framing
from framing import onnx_runtime
from framing.errors import ModelError
from framing.model_folder import Calibration, Sigmoid, Thresholds
from framing.onnx_runtime import Network, OnnxClassifier, load_onnx, network_settings
from framing.spans import Document, ScoredDocument

Floats = np.ndarray


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "lookup"
    write_lookup_model(path)
    return path


@pytest.fixture(scope="module")
def classifier(folder: Path) -> OnnxClassifier:
    return load_onnx(folder, framing.model_folder.read_manifest(folder))


@pytest.fixture(scope="module")
def network(classifier: OnnxClassifier) -> Network:
    return classifier.network


def long_text(n_words: int) -> str:
    """Words in sentences of seven, every fifth of them one of the table."""
    cycle = ["harbour", "deny", "gate", "river", "never", "shed", "rain", "perhaps", "ship", "oil"]
    words = [cycle[i * i % len(cycle)] for i in range(n_words)]
    return " ".join(
        word.title() if i % 7 == 0 else word + "." * (i % 7 == 6) for i, word in enumerate(words)
    )


def documents(*lengths: int) -> list[Document]:
    return [Document(f"d{i}", long_text(n)) for i, n in enumerate(lengths)]


def expected(document: Document, read: onnx_runtime.ReadDocument) -> Floats:
    """What the table says of each token: denial, own, quoted."""
    tokens = [
        document.text[start:end].lower()
        for start, end in zip(read.tokens.starts, read.tokens.ends, strict=True)
    ]
    return np.array([WORDS.get(token, OTHER) for token in tokens], dtype=np.float32).reshape(-1, 3)


def said(scored: ScoredDocument) -> tuple[object, ...]:
    return (
        scored.document,
        [(s, s.score, s.voice_score) for s in (*scored.spans, *scored.uncertain)],
        dict(scored.device_scores),
        scored.sentences,
    )


@pytest.mark.parametrize("n_words", [0, 1, 9, 10, 11, 12, 16, 17, 200, 1000])
def test_every_token_gets_the_probabilities_of_its_own_word(network: Network, n_words: int) -> None:
    (document,) = documents(n_words)
    (read,) = network.read([document])
    assert len(read.tokens) == n_words + n_words // 7  # the full stops are tokens too
    np.testing.assert_array_equal(read.probabilities[:, [0, 2, 3]], expected(document, read))


def test_every_token_is_judged_with_half_the_overlap_as_context(network: Network) -> None:
    (read,) = network.read(documents(200))
    n_before = np.rint(read.probabilities[:, 1] * 1000).astype(int) - 2
    # At the start of the text the tokens have all there is before them.
    assert n_before[:3].tolist() == [0, 1, 2]
    assert n_before[OVERLAP // 2 :].min() >= OVERLAP // 2
    assert n_before.max() < WINDOW - 2


def test_a_document_among_others_gets_what_it_gets_alone(network: Network) -> None:
    several = documents(30, 0, 1, 95, 10, 10, 3, 64, 0, 11)
    together = list(network.read(several))
    assert [read.document for read in together] == several
    for document, read in zip(several, together, strict=True):
        (alone,) = network.read([document])
        np.testing.assert_array_equal(read.probabilities, alone.probabilities)


def test_a_network_does_not_read_ahead(network: Network) -> None:
    n_read = 0

    def endless() -> Iterator[Document]:
        nonlocal n_read
        while True:
            n_read += 1
            yield Document(f"d{n_read}", "They deny it.")

    reads = network.read(endless())
    ids = [next(reads).document.doc_id for _ in range(20)]
    assert ids == [f"d{i}" for i in range(1, 21)]
    assert n_read == 20


def test_threads_share_a_session_and_agree(classifier: OnnxClassifier) -> None:
    several = documents(40, 7, 300, 12, 95, 3, 64, 150)
    alone = [said(scored) for scored in classifier.predict(several)]
    start = threading.Barrier(4)

    def score(_: int) -> list[tuple[object, ...]]:
        start.wait()
        return [said(scored) for scored in classifier.predict(several)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(score, range(4))) == [alone] * 4


def test_a_span_has_its_words_its_voice_and_the_mean_probability(
    classifier: OnnxClassifier,
) -> None:
    scored = classifier.predict("The wardens never deny it. Rain fell.")
    (span,) = scored.spans
    assert scored.quote(span) == "never deny"
    # denial (0.8 + 0.9) / 2; quoted (0.5 + 0.75) / 2 against own (0.5 + 0.25) / 2
    assert (span.device, span.voice) == ("denial", "quoted")
    assert span.score == pytest.approx(0.85)
    assert span.voice_score == pytest.approx(0.625)
    assert [(s.start, s.end) for s in scored.sentences] == [(0, 27), (27, 37)]


def test_a_span_between_the_two_thresholds_is_uncertain(classifier: OnnxClassifier) -> None:
    scored = classifier.predict("Perhaps rain fell.")
    assert scored.spans == ()
    assert [scored.quote(span) for span in scored.uncertain] == ["Perhaps"]
    assert scored.uncertain[0].score == pytest.approx(0.6)


def test_the_score_of_a_device_is_that_of_its_likeliest_token(classifier: OnnxClassifier) -> None:
    scored = classifier.predict("Rain fell. They deny it.")
    # tokens: Rain fell . They deny it . — the last has place 8, as the special token has place 1,
    # and with the two special ones they are 9
    assert scored.device_scores == {
        "denial": pytest.approx(0.9),
        "position": pytest.approx(0.008009),
    }


@pytest.mark.parametrize("text", ["", " \n\t ", "\ufeff"])
def test_a_text_without_words_is_scored_and_holds_nothing(
    classifier: OnnxClassifier, text: str
) -> None:
    scored = classifier.predict(text)
    assert (scored.spans, scored.uncertain) == ((), ())
    assert all(score < 0.2 for score in scored.device_scores.values())
    assert "".join(scored.quote(s) for s in scored.sentences) == text


def test_a_text_with_a_lone_surrogate_is_scored(classifier: OnnxClassifier) -> None:
    scored = classifier.predict("Caf\udce9 owners deny it.")
    assert [scored.quote(span) for span in scored.spans] == ["deny"]


def test_fifty_thousand_characters_are_scored_whole(classifier: OnnxClassifier) -> None:
    filler = "Rain fell over the old harbour shed. "  # 37 characters
    n_before, cue = 1400, "They never deny it. "
    parts = [filler] * n_before
    places = [0, 1, 500, 1000, n_before - 1]
    for place in places:
        parts[place] = cue
    text = "".join(parts)
    assert len(text) > 50_000
    scored = classifier.predict(text)
    (short,) = classifier.predict(cue).spans
    starts = [sum(map(len, parts[:place])) + cue.index("never") for place in places]
    assert [span.start for span in scored.spans] == starts
    assert {scored.quote(span) for span in scored.spans} == {"never deny"}
    assert [span.score for span in scored.spans] == [pytest.approx(short.score)] * len(places)
    assert scored.sentences[-1].end == len(text)


def test_scores_are_calibrated(tmp_path: Path) -> None:
    calibration = Calibration(
        spans={"denial": Sigmoid(2, 1)},
        documents={"denial": Sigmoid(0.5, 0), "position": Sigmoid(1, 0)},
    )
    manifest = write_lookup_model(
        tmp_path, calibration=calibration, thresholds={"denial": Thresholds(0.9, 0.1)}
    )
    scored = load_onnx(tmp_path, manifest).predict("They deny it.")
    # logit(0.9) = ln 9 = 2.197: the span has sigmoid(2 * 2.197 + 1), the document sigmoid(2.197/2)
    assert scored.spans[0].score == pytest.approx(1 / (1 + math.exp(-2 * math.log(9) - 1)))
    assert scored.device_scores["denial"] == pytest.approx(3 / 4)  # sqrt(9) / (1 + sqrt(9))


def test_a_model_folder_of_this_kind_is_loaded_by_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMING_MODELS", str(folder.parent))
    loaded = framing.load("lookup")
    assert isinstance(loaded, OnnxClassifier)
    assert loaded.manifest.taxonomy == TAXONOMY


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, "missing required field `window`"),
        ({**SETTINGS, "overlap": "four"}, r"Expected `int`, got `str` - at `\$.overlap`"),
        ({**SETTINGS, "edges": 0.5}, r"Expected `object`, got `float` - at `\$.edges`"),
    ],
)
def test_settings_that_are_missing_or_mistyped_are_one_line(
    tmp_path: Path, settings: dict[str, object], found: str
) -> None:
    manifest = write_lookup_model(tmp_path, settings=settings)
    with pytest.raises(ModelError, match=f"model .*: settings: .*{found}") as error:
        network_settings(manifest)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"no such thing", None])
def test_a_file_that_cannot_be_opened_is_one_line(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    manifest = write_lookup_model(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}: cannot be opened \(.*\)\. Get") as error:
        load_onnx(tmp_path, manifest)
    assert "\n" not in str(error.value)


def test_a_changed_network_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    write_lookup_model(tmp_path)
    with (tmp_path / "model.onnx").open("ab") as stream:
        stream.write(b"\x00")
    with pytest.raises(ModelError, match=r"model\.onnx: SHA-256 .*damaged or changed"):
        framing.load(str(tmp_path))


@pytest.mark.parametrize("value", ["", "1", "2", "4,2", "all"])
def test_any_setting_of_the_number_of_threads_is_borne(
    folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert framing.load(str(folder)).predict("They deny it.").spans


def test_scoring_needs_neither_torch_nor_transformers(folder: Path) -> None:
    assert scored_without_training_libraries(folder, "They deny it.") == ["deny"]


def test_results_are_yielded_lazily(classifier: OnnxClassifier) -> None:
    def one_and_no_more() -> Iterable[Document]:
        yield Document("a", "They deny it.")

    scored = classifier.score_documents(one_and_no_more())
    assert iter(scored) is scored
    assert [s.document.doc_id for s in scored] == ["a"]
