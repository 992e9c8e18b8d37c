"""Scoring in an interpreter that has none of the libraries that only training needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WITHOUT_TRAINING_LIBRARIES = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "sklearn", "scipy", "onnx"}:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
import framing
try:
    import torch
except ImportError:
    print("blocked")
scored = framing.load(sys.argv[1]).predict(sys.argv[2])
print(*(scored.quote(span) for span in scored.spans), sep="|")
"""


def scored_without_training_libraries(folder: Path, text: str) -> list[str]:
    """Return the words of the spans that a model finds in a text."""
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAINING_LIBRARIES, str(folder), text],
        capture_output=True,
        text=True,
        check=True,
    )
    blocked, spans = finished.stdout.splitlines()
    assert blocked == "blocked"
    return spans.split("|")
