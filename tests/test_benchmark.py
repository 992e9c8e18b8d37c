from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_encoder import Trained

from framing import benchmark
from framing.benchmark import Benchmark, Measurement, format_benchmark, run_benchmark
from framing.errors import InputError, ModelError

Framing = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.slow


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "one.txt").write_text("Ships left early. Rain again.\n" * 30, encoding="utf-8")
    (folder / "two.txt").write_text("The mill closed on Monday.\n", encoding="utf-8")
    (folder / "empty.txt").write_text("", encoding="utf-8")
    return folder


def test_a_transformer_is_held_against_the_runtime_and_the_pipeline(
    trained: Trained, base_model: Path, articles: Path, framing: Framing
) -> None:
    pytest.importorskip("transformers")
    options = ["--base-model", base_model, "--rounds", 2, "--format", "json"]
    status, out, err = framing("models", "benchmark", trained.folder, articles, *options)
    assert status == 0, err
    found = json.loads(out)
    assert (found["n_documents"], found["n_rounds"]) == (2, 2)
    assert found["n_characters"] == 30 * 30 + 27
    assert found["n_tokens"] > 30 * 7
    names = [each["name"].partition(",")[0] for each in found["throughput"]]
    assert names == ["framing score", "runtime alone", "transformers.pipeline"]
    assert [each["name"] for each in found["start"]] == ["framing score", "transformers.pipeline"]
    assert all(len(each["seconds"]) == 2 for each in [*found["throughput"], *found["start"]])
    assert found["throughput"][0]["ratios"] == [1, 1]
    assert found["peak_bytes"] > 20e6
    assert all(each["peak_bytes"] > 20e6 for each in found["start"])


def test_the_baseline_is_measured_alone(articles: Path) -> None:
    found = run_benchmark("tfidf", [str(articles)], "none", 1, lambda _: None)
    assert [each.name for each in found.throughput] == ["framing score"]
    assert found.n_tokens is None


def test_without_the_base_model_the_pipeline_is_left_out(
    trained: Trained, articles: Path, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    lines: list[str] = []
    missing = str(tmp_path / "missing")
    found = run_benchmark(str(trained.folder), [str(articles)], missing, 1, lines.append)
    assert len(found.throughput) == 2
    assert lines[0].startswith(f"transformers.pipeline is left out: {missing}: base model cannot")


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no text could be read\. Expected articles"):
        run_benchmark("tfidf", [str(tmp_path)], "none", 1, lambda _: None)


def test_a_command_without_a_result_is_named() -> None:
    with pytest.raises(ModelError, match=r"-c pass' gave no result\. Run it by hand"):
        benchmark._first_line([benchmark.sys.executable, "-c", "pass"])


def test_ratios_are_told_with_their_range() -> None:
    ours = Measurement(name="framing score", seconds=(2.0, 4.0), ratios=(1, 1), peak_bytes=2**20)
    other = Measurement(name="runtime alone", seconds=(1.0, 3.0), ratios=(0.5, 0.75))
    measured = Benchmark(
        model="tiny",
        version="1.0.0",
        n_documents=3,
        n_characters=6000,
        n_tokens=1500,
        n_rounds=2,
        peak_bytes=3 * 2**20,
        throughput=(ours, other),
        start=(ours,),
    )
    assert format_benchmark(measured).splitlines() == [
        "tiny 1.0.0: 3 documents, 6,000 characters, 1,500 tokens; 2 rounds",
        "",
        "throughput",
        f"  {'framing score':<40}3.00 (2.00-4.00) s; 2,000 characters/s, 500 tokens/s",
        f"  {'runtime alone':<40}2.00 (1.00-3.00) s; 0.62 (0.50-0.75) times as long; "
        "3,000 characters/s, 750 tokens/s",
        "",
        "from a new process to the first result, one document",
        f"  {'framing score':<40}3.00 (2.00-4.00) s; peak memory 1 MiB",
        "",
        "peak memory over all documents: 3 MiB",
    ]
