"""How fast a model scores on this machine, beside the bare runtime and the usual library.

Contenders take turns, each once a round, so that whatever else the machine does falls on all alike;
what can be told of two of them is the ratio within a round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from framing.classifier import Classifier
from framing.documents import read_inputs
from framing.errors import InputError, MissingExtraError, ModelError
from framing.model_folder import find_model
from framing.onnx_runtime import Ids, Network, OnnxClassifier
from framing.report.output import Tally, Target, write_results
from framing.scoring import load_folder, score_inputs
from framing.training import Progress, require_torch

if TYPE_CHECKING:
    from framing.pipeline_peer import PipelinePeer

FRAMING = "framing score"
RUNTIME = "runtime alone"
PIPELINE = "transformers.pipeline"
BATCH_SIZES = (1, 8, 32)
STOPWATCH = Path(__file__).with_name("stopwatch.py")


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What one contender took.

    Attributes:
        seconds: wall time, one a round.
        ratios: seconds ÷ those of `framing score` in the same round.
        peak_bytes: greatest resident memory of its process; None where it had no own one.
    """

    name: str
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]
    peak_bytes: int | None = None


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """A model measured on a machine.

    Attributes:
        n_tokens: of all windows, what neighbours share counted twice; None for a model without.
        peak_bytes: greatest resident memory of a process over all documents; None on Windows.
        throughput: reading, scoring and writing all documents, by processes that have started.
        start: from the start of a process to the first result, for the first document.
    """

    model: str
    version: str
    n_documents: int
    n_characters: int
    n_tokens: int | None
    n_rounds: int
    peak_bytes: int | None
    throughput: tuple[Measurement, ...]
    start: tuple[Measurement, ...]


def run_benchmark(
    model: str, inputs: Sequence[str], base_model: str, n_rounds: int, progress: Progress
) -> Benchmark:
    """Measure a model on a user's documents.

    Args:
        model: name or folder.
        inputs: files, folders and globs.
        base_model: encoder of the pipeline that a transformer is held against; it is left out
            where transformers is not installed or the encoder is not at hand.
        n_rounds: how often each contender runs.
        progress: is told what is being measured.

    Raises:
        ModelError: if the model cannot be loaded.
        InputError: if no document can be read.
    """
    folder = find_model(model)
    classifier = load_folder(folder)
    with _texts(inputs) as texts:
        network = classifier.network if isinstance(classifier, OnnxClassifier) else None
        peer = None if network is None else _peer(base_model, network, progress)
        progress(f"throughput on {len(texts)} documents, {n_rounds} rounds")
        contenders, n_tokens = _contenders(classifier, network, peer, texts)
        throughput = _take_turns(contenders, n_rounds)
        progress(f"start, {n_rounds} rounds")
        commands = _commands(folder, network, None if peer is None else base_model, texts)
        score_all = [*_framing_score(folder), str(next(iter(texts)).parent)]
        _, peak = _first_line(score_all)
        return Benchmark(
            model=classifier.manifest.name,
            version=classifier.manifest.version,
            n_documents=len(texts),
            n_characters=sum(map(len, texts.values())),
            n_tokens=n_tokens,
            n_rounds=n_rounds,
            peak_bytes=peak,
            throughput=throughput,
            start=_take_turns_to_start(commands, n_rounds),
        )


@contextmanager
def _texts(inputs: Sequence[str]) -> Iterator[dict[Path, str]]:
    """Write the text of each document into a file of its own, so that all read the same."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "texts")
        folder.mkdir()
        texts: dict[Path, str] = {}
        for item in read_inputs(inputs):
            if not isinstance(item, InputError) and item.text.strip():
                path = folder / f"{len(texts):06d}.txt"
                path.write_bytes(item.text.encode("utf-8", "replace"))
                texts[path] = item.text
        if not texts:
            raise InputError(inputs[0], "no text could be read. Expected articles to measure on.")
        yield texts


def _peer(base_model: str, network: Network, progress: Progress) -> PipelinePeer | None:
    try:
        require_torch()
        from framing.pipeline_peer import PipelinePeer

        return PipelinePeer(base_model, network.settings.window, network.settings.overlap)
    except (MissingExtraError, ModelError) as error:
        progress(f"{PIPELINE} is left out: {error}")
        return None


def _contenders(
    classifier: Classifier,
    network: Network | None,
    peer: PipelinePeer | None,
    texts: Mapping[Path, str],
) -> tuple[dict[str, Callable[[], object]], int | None]:
    """Return what is to be timed, and how many tokens the network reads."""
    contenders: dict[str, Callable[[], object]] = {FRAMING: lambda: _score(classifier, texts)}
    n_tokens = None
    if network is not None:
        windows = [window for text in texts.values() for window in network.windows(text)]
        n_tokens = sum(map(len, windows))
        name, run = _fastest(
            {f"{RUNTIME}, batches of {n}": _packed(network, windows, n) for n in BATCH_SIZES}
        )
        contenders[name] = run
    if peer is not None:
        name, run = _fastest(
            {f"{PIPELINE}, batches of {n}": _piped(peer, texts, n) for n in BATCH_SIZES}
        )
        contenders[name] = run
    return contenders, n_tokens


def _score(classifier: Classifier, texts: Mapping[Path, str]) -> None:
    """Do what `framing score` does, once it has started."""
    scratch = next(iter(texts)).parent.parent
    target = Target("jsonl", scratch / "scores.jsonl")
    results = score_inputs(classifier, read_inputs([str(path) for path in texts]))
    write_results(results, target, classifier.manifest, Tally())


def _packed(network: Network, windows: Sequence[Ids], size: int) -> Callable[[], object]:
    """Return a run of the session over batches that were packed beforehand, alike in length."""
    ordered = sorted(windows, key=len)
    groups = [ordered[first : first + size] for first in range(0, len(ordered), size)]
    batches = [_padded(group) for group in groups]
    return lambda: network.run_all(batches)


def _padded(windows: Sequence[Ids]) -> tuple[Ids, Ids]:
    ids = np.zeros((len(windows), max(map(len, windows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return ids, mask


def _piped(peer: PipelinePeer, texts: Mapping[Path, str], size: int) -> Callable[[], object]:
    return lambda: peer.classify(list(texts.values()), size)


def _fastest(runs: Mapping[str, Callable[[], object]]) -> tuple[str, Callable[[], object]]:
    """Return the run that takes least time in a first trial, with its name."""
    name = min(runs, key=lambda name: _seconds(runs[name]))
    return name, runs[name]


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _take_turns(
    contenders: Mapping[str, Callable[[], object]], n_rounds: int
) -> tuple[Measurement, ...]:
    rounds = [{name: _seconds(run) for name, run in contenders.items()} for _ in range(n_rounds)]
    return tuple(_measurement(name, rounds) for name in contenders)


def _measurement(
    name: str, rounds: Sequence[Mapping[str, float]], peak_bytes: int | None = None
) -> Measurement:
    return Measurement(
        name=name,
        seconds=tuple(each[name] for each in rounds),
        ratios=tuple(each[name] / each[FRAMING] for each in rounds),
        peak_bytes=peak_bytes,
    )


def _commands(
    folder: Path, network: Network | None, base_model: str | None, texts: Mapping[Path, str]
) -> dict[str, list[str]]:
    first = str(next(iter(texts)))
    commands = {FRAMING: [*_framing_score(folder), first]}
    if network is not None and base_model is not None:
        lengths = [str(network.settings.window), str(network.settings.overlap)]
        script = [sys.executable, "-m", "framing.pipeline_peer"]
        commands[PIPELINE] = [*script, base_model, *lengths, first]
    return commands


def _framing_score(folder: Path) -> list[str]:
    start = [sys.executable, "-m", "framing", "score"]
    return [*start, "--quiet", "--model", str(folder), "--format", "jsonl"]


def _take_turns_to_start(
    commands: Mapping[str, Sequence[str]], n_rounds: int
) -> tuple[Measurement, ...]:
    rounds = [
        {name: _first_line(command) for name, command in commands.items()} for _ in range(n_rounds)
    ]
    seconds = [{name: took for name, (took, _) in each.items()} for each in rounds]
    return tuple(
        _measurement(name, seconds, max(each[name][1] or 0 for each in rounds) or None)
        for name in commands
    )


def _first_line(command: Sequence[str]) -> tuple[float, int | None]:
    """Return the seconds to a command's first line, and its peak memory where that is known."""
    answer = subprocess.run(  # noqa: S603  # this program's own commands
        [sys.executable, str(STOPWATCH), *command], capture_output=True, text=True, check=False
    )
    if not answer.stdout:
        raise ModelError(f"'{' '.join(command)}' gave no result. Run it by hand to see why.")
    seconds, peak = answer.stdout.split()
    return float(seconds), int(peak) or None


def format_benchmark(benchmark: Benchmark) -> str:
    """Return what was measured, for a reader."""
    tokens = "" if benchmark.n_tokens is None else f", {benchmark.n_tokens:,} tokens"
    lines = [
        f"{benchmark.model} {benchmark.version}: {benchmark.n_documents:,} documents, "
        f"{benchmark.n_characters:,} characters{tokens}; {benchmark.n_rounds} rounds",
        "",
        "throughput",
        *(_throughput_line(each, benchmark) for each in benchmark.throughput),
        "",
        "from a new process to the first result, one document",
        *(_start_line(each) for each in benchmark.start),
    ]
    if benchmark.peak_bytes is not None:
        lines += ["", f"peak memory over all documents: {_mebibytes(benchmark.peak_bytes)}"]
    return "\n".join(lines) + "\n"


def _throughput_line(measured: Measurement, benchmark: Benchmark) -> str:
    seconds = statistics.median(measured.seconds)
    speeds = [f"{benchmark.n_characters / seconds:,.0f} characters/s"]
    if benchmark.n_tokens is not None:
        speeds.append(f"{benchmark.n_tokens / seconds:,.0f} tokens/s")
    return _line(measured, ", ".join(speeds))


def _start_line(measured: Measurement) -> str:
    known = measured.peak_bytes is not None
    return _line(measured, f"peak memory {_mebibytes(measured.peak_bytes or 0)}" if known else "")


def _line(measured: Measurement, rest: str) -> str:
    seconds, ratio = _median_and_range(measured.seconds), _median_and_range(measured.ratios)
    times = "" if measured.name == FRAMING else f"; {ratio} times as long"
    return f"  {measured.name:<40}{seconds} s{times}{'; ' if rest else ''}{rest}"


def _mebibytes(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:.0f} MiB"


def _median_and_range(values: Sequence[float]) -> str:
    """Return the median, the least and the greatest of some values.

    >>> _median_and_range([3.0, 1.0, 2.0])
    '2.00 (1.00-3.00)'
    """
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"
