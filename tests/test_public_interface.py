from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import framing

HEAVY = (
    "accelerate", "datasets", "docx", "jinja2", "lxml", "numpy", "onnxruntime", "pyarrow",
    "pypdfium2", "scipy", "sklearn", "tokenizers", "torch", "trafilatura", "transformers",
)  # fmt: skip


def heavy_libraries_after(program: str) -> str:
    """Run a program in a fresh interpreter and return the heavy libraries that it loaded."""
    report = f"import sys; print('loaded:', *sorted(set(sys.modules) & set({HEAVY})))"
    finished = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"], capture_output=True, text=True, check=True
    )
    return finished.stdout.splitlines()[-1].removeprefix("loaded:").strip()


def command_line(*arguments: str) -> str:
    return (
        f"import sys; sys.argv[:] = {['framing', *arguments]}\n"
        "from framing.cli import run\n"
        "try: run()\n"
        "except SystemExit as leave: assert leave.code == 0, leave.code"
    )


def test_the_check_for_heavy_libraries_sees_one() -> None:
    assert heavy_libraries_after("import numpy") == "numpy"


@pytest.mark.parametrize(
    "program",
    [
        "import framing",
        "from framing import Document, LabelledSpan, FramingError, Taxonomy, read_taxonomy",
        command_line("--help"),
        command_line("--version"),
        command_line("score", "--help"),
        command_line("train", "--help"),
        command_line("train", "transformer", "--help"),
        command_line("models", "list"),
    ],
    ids=[
        "import", "names", "--help", "--version", "score --help", "train --help",
        "train transformer --help", "models list",
    ],
)  # fmt: skip
def test_what_must_be_quick_loads_no_heavy_library(program: str) -> None:
    assert heavy_libraries_after(program) == ""


@pytest.mark.parametrize("name", framing.__all__)
def test_every_public_name_is_there_and_comes_from_its_home(name: str) -> None:
    found = getattr(framing, name)
    assert name == "__version__" or found.__name__ == name
    assert name == "__version__" or found.__doc__


def test_what_the_type_checker_sees_is_what_is_exported() -> None:
    source = Path(inspect.getfile(framing)).read_text(encoding="utf-8")
    block = source.split("if TYPE_CHECKING:")[1].split("__version__")[0]
    seen = {line.split(" as ")[1] for line in block.splitlines() if " as " in line}
    assert seen | {"__version__"} == set(framing.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'framing' has no attribute 'labels_of'"):
        _ = framing.labels_of
    assert not hasattr(framing, "corpus_of")


def test_the_version_is_that_of_the_installed_package() -> None:
    assert framing.__version__ == version("framing")
