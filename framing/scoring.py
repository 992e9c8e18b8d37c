"""From a stream of inputs to a stream of scored documents, in order, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from framing.classifier import Classifier
from framing.documents import document_warnings
from framing.errors import FramingError, InputError, ModelError, UsageError
from framing.model_folder import DEFAULT_MODEL, find_model, open_model_folder
from framing.spans import Document, LabelledSpan, ScoredDocument
from framing.taxonomy import Taxonomy

# The network uses every core by itself; the second thread reads and decodes a document meanwhile.
# The baseline is Python, holds the interpreter's lock and gains nothing.
DEFAULT_WORKERS = 2
# Documents in flight hold at most this many characters, or are one document.
WINDOW_CHARACTERS = 4_000_000

Result = ScoredDocument | InputError
Item = Document | InputError


def load(name_or_folder: str = DEFAULT_MODEL) -> Classifier:
    """Load a model by its name or its folder, after a check of every file's SHA-256.

    Raises:
        ModelError: if there is no such model, a file is missing or damaged, or its kind is unknown.
    """
    return load_folder(find_model(name_or_folder))


def load_folder(folder: Path) -> Classifier:
    """Load the model of a folder, also where a name reaches another model.

    Raises:
        ModelError: as `load`.
    """
    manifest = open_model_folder(folder)
    if manifest.kind == "tfidf":
        from framing.tfidf import load_tfidf

        return load_tfidf(folder, manifest)
    if manifest.kind == "transformer":
        from framing.onnx_runtime import load_onnx

        return load_onnx(folder, manifest)
    raise ModelError(
        f"{folder}: model of kind {manifest.kind!r}, expected 'tfidf' or 'transformer'. "
        "Use the version of framing that wrote it."
    )


def score_inputs(
    classifier: Classifier,
    inputs: Iterable[Document | InputError],
    *,
    min_score: float | None = None,
    voices: Collection[str] | None = None,
    workers: int = DEFAULT_WORKERS,
    done: Container[tuple[str, str]] = frozenset(),
) -> Iterator[Result]:
    """Yield each input scored, in the order given; one that cannot be scored as its error.

    Args:
        classifier: the model; with several workers its `score_documents` runs in several threads.
        inputs: documents, and errors of inputs that could not be read, which are passed on.
        min_score: see `select_spans`.
        voices: see `select_spans`.
        workers: threads; at most twice as many documents are held at a time.
        done: id and text SHA-256 of documents to leave out, as they are scored already.
    """
    pending = (
        item
        for item in inputs
        if isinstance(item, InputError) or (item.doc_id, item.sha256) not in done
    )

    def score(item: Item) -> Result:
        if isinstance(item, InputError):
            return item
        try:
            (scored,) = classifier.score_documents([item])
        except FramingError as error:
            return InputError(item.source or item.doc_id, _reason(error))
        return _finished(select_spans(scored, min_score, voices))

    return map(score, pending) if workers == 1 else _map_in_threads(score, pending, workers)


def select_spans(
    scored: ScoredDocument, min_score: float | None, voices: Collection[str] | None
) -> ScoredDocument:
    """Return a scored document with the spans that a user asks for.

    Args:
        scored: a document as the model returned it.
        min_score: score in [0, 1] that takes the place of each device's `report` threshold; spans
            below it are uncertain. None keeps the model's thresholds. A model finds no span below
            its `uncertain` thresholds, so a lower `min_score` brings no more.
        voices: names of the voices to keep, among reported and uncertain spans; None keeps all.
    """
    spans, uncertain = scored.spans, scored.uncertain
    if min_score is not None:
        found = sorted((*spans, *uncertain))
        spans = tuple(span for span in found if _score(span) >= min_score)
        uncertain = tuple(span for span in found if _score(span) < min_score)
    if voices is not None:
        spans = tuple(span for span in spans if span.voice in voices)
        uncertain = tuple(span for span in uncertain if span.voice in voices)
    return replace(scored, spans=spans, uncertain=uncertain)


def parse_voices(names: str, taxonomy: Taxonomy) -> frozenset[str]:
    """Return the voices of a comma-separated list.

    Raises:
        UsageError: if a name is no voice of the taxonomy, or there is none.
    """
    voices = {name.strip() for name in names.split(",")} - {""}
    unknown = sorted(voices - set(taxonomy.voice_names))
    if unknown or not voices:
        found = ", ".join(unknown) or "nothing"
        raise UsageError(
            f"--voice: found {found}, expected some of {','.join(taxonomy.voice_names)}"
        )
    return frozenset(voices)


def _score(span: LabelledSpan) -> float:
    return 1.0 if span.score is None else span.score


def _finished(scored: ScoredDocument) -> ScoredDocument:
    warnings = dict.fromkeys((*scored.warnings, *document_warnings(scored.document)))
    return replace(scored, warnings=tuple(warnings))


def _reason(error: FramingError) -> str:
    return error.reason if isinstance(error, InputError) else str(error)


def _map_in_threads(
    score: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="framing-score")
    window: deque[tuple[int, Future[Result]]] = deque()
    n_held = 0
    try:
        for item in items:
            n_characters = len(item.text) if isinstance(item, Document) else 0
            while window and (
                window[0][1].done()
                or len(window) >= 2 * workers
                or n_held + n_characters > WINDOW_CHARACTERS
            ):
                n_oldest, oldest = window.popleft()
                n_held -= n_oldest
                yield oldest.result()
            window.append((n_characters, pool.submit(score, item)))
            n_held += n_characters
        while window:
            yield window.popleft()[1].result()
    finally:
        # An interrupt must not wait for the documents in hand.
        pool.shutdown(wait=False, cancel_futures=True)
