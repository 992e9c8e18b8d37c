from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from phrase_matcher import PHRASES, TAXONOMY, PhraseMatcher, make_model_folder, scored

from framing import scoring
from framing.errors import InputError, ModelError, UsageError
from framing.scoring import load, parse_voices, score_inputs, select_spans
from framing.spans import Document, ScoredDocument

MIXED = "He said there was no leak. It never happened, or it may be rumours."


def documents(n: int, text: str = "It never happened.") -> list[Document]:
    return [Document(f"d{i}", f"{text} {i}") for i in range(n)]


def ids(results: Iterable[ScoredDocument | InputError]) -> list[str]:
    return [r.place if isinstance(r, InputError) else r.document.doc_id for r in results]


class SlowFirst(PhraseMatcher):
    """The first document takes longest."""

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        for document in documents:
            if document.doc_id == "d0":
                time.sleep(0.05)
            yield from super().score_documents([document])


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_inputs(workers: int) -> None:
    inputs = documents(40, "x" * 6_000)
    assert ids(score_inputs(SlowFirst(), inputs, workers=workers)) == ids_of(inputs)


@pytest.mark.parametrize("workers", [1, 3])
def test_short_texts_are_scored_together_and_keep_their_order(workers: int) -> None:
    inputs = documents(500)
    results = list(score_inputs(PhraseMatcher(), inputs, workers=workers))
    assert ids(results) == ids_of(inputs)
    assert all(isinstance(r, ScoredDocument) and len(r.spans) == 1 for r in results)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_be_scored_is_yielded_as_its_error_and_the_rest_goes_on(workers: int) -> None:
    inputs = [
        Document("a", "It never happened."),
        InputError("gone.txt", "no such file"),
        Document("b", "unscorable", source="folder/b.txt"),
        Document("c", "unscorable"),
        Document("d", "It never happened."),
    ]
    results = list(score_inputs(PhraseMatcher(), inputs, workers=workers))
    assert ids(results) == ["a", "gone.txt", "folder/b.txt", "c", "d"]
    assert [str(r) for r in results if isinstance(r, InputError)] == [
        "gone.txt: no such file",
        "folder/b.txt: the text cannot be scored",
        "c: the text cannot be scored",
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_inputs_are_read_only_a_little_ahead_of_the_results(workers: int) -> None:
    n_read = 0

    def endless() -> Iterator[Document]:
        nonlocal n_read
        while True:
            n_read += 1
            yield Document(f"d{n_read}", "x" * 6_000)

    results = score_inputs(PhraseMatcher(), endless(), workers=workers)
    for _ in range(10):
        next(results)
    # 10 results, at most 2 * workers documents in flight, and the one that waits for a place.
    assert n_read <= 10 + 2 * workers + 1


def test_texts_in_flight_are_bounded_by_their_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "WINDOW_CHARACTERS", 100)
    n_read = 0

    def long_texts() -> Iterator[Document]:
        nonlocal n_read
        for i in range(20):
            n_read += 1
            yield Document(f"d{i}", "x" * 6_000)

    next(score_inputs(PhraseMatcher(), long_texts(), workers=8))
    assert n_read == 2  # one is over the bound alone, and one waits


def test_documents_that_are_done_are_left_out() -> None:
    first, second = documents(2)
    changed = Document(second.doc_id, "Another text.")
    done = {(first.doc_id, first.sha256), (second.doc_id, second.sha256)}
    assert ids(score_inputs(PhraseMatcher(), [first, second, changed], done=done)) == ["d1"]


def test_an_interrupt_does_not_wait_for_documents_in_hand() -> None:
    release = threading.Event()

    class Stuck(PhraseMatcher):
        def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
            for document in documents:
                if document.doc_id != "d0":
                    release.wait(10)
                yield from super().score_documents([document])

    inputs = documents(5, "x" * 6_000)
    results = score_inputs(Stuck(), inputs, workers=2)
    next(results)
    started = time.perf_counter()
    del results
    assert time.perf_counter() - started < 5
    release.set()


def test_document_warnings_are_added() -> None:
    (result,) = score_inputs(PhraseMatcher(), [Document("a", "Subscribe to read the full story.")])
    assert isinstance(result, ScoredDocument)
    assert result.warnings == ("short_text", "paywall_like")


# MIXED holds denial .93 (quoted), blame_shifting .81 (own), denial .7 (own), denial .4 (reported,
# uncertain).
@pytest.mark.parametrize(
    ("min_score", "reported", "uncertain"),
    [
        (None, [0.93, 0.81234567, 0.7], [0.4]),
        (0.4, [0.93, 0.81234567, 0.7, 0.4], []),
        (0.75, [0.93, 0.81234567], [0.7, 0.4]),
        (1.0, [], [0.93, 0.81234567, 0.7, 0.4]),
    ],
)
def test_min_score_takes_the_place_of_the_report_threshold(
    min_score: float | None, reported: list[float], uncertain: list[float]
) -> None:
    selected = select_spans(scored(MIXED), min_score, None)
    assert [span.score for span in selected.spans] == reported
    assert [span.score for span in selected.uncertain] == uncertain


def test_voices_are_filtered_among_reported_and_uncertain_spans() -> None:
    selected = select_spans(scored(MIXED), None, {"own"})
    assert [selected.quote(span) for span in selected.spans] == ["no leak", "never happened"]
    assert selected.uncertain == ()
    assert len(select_spans(scored(MIXED), None, {"reported"}).uncertain) == 1


def test_voices_are_parsed() -> None:
    assert parse_voices("own, quoted,", TAXONOMY) == {"own", "quoted"}
    with pytest.raises(UsageError, match="found loud, expected some of own,quoted,reported"):
        parse_voices("own,loud", TAXONOMY)
    with pytest.raises(UsageError, match="found nothing"):
        parse_voices(",", TAXONOMY)


def test_the_phrases_of_these_tests_are_in_the_taxonomy() -> None:
    assert {device for device, _, _ in PHRASES.values()} == set(TAXONOMY.device_names)


def test_an_unknown_kind_of_model_is_refused(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "odd", kind="oracle")
    with pytest.raises(ModelError, match="kind 'oracle', expected 'tfidf' or 'transformer'"):
        load(str(folder))


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "tiny")
    (folder / "model.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"model\.json: SHA-256 .* damaged or changed"):
        load(str(folder))


def ids_of(inputs: Iterable[Document]) -> list[str]:
    return [document.doc_id for document in inputs]
