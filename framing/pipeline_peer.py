"""The usual way to run an encoder over texts, `transformers.pipeline`, to be measured against.

As a script, `python -m framing.pipeline_peer BASE_MODEL WINDOW OVERLAP FILE`, it prints one line
when the text has its answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from framing.transformer import load_pretrained


class PipelinePeer:
    """A token classifier of 32-bit weights in a pipeline; its untrained head takes no less time.

    The head finds nothing, so that no time goes into gathering what it found.
    """

    def __init__(self, base_model: str, window: int, overlap: int) -> None:
        """Load the encoder.

        Args:
            base_model: a Hugging Face encoder, by name or folder.
            window: tokens of a window, special tokens included.
            overlap: tokens that neighbouring windows share.

        Raises:
            ModelError: if it is not at hand.
        """
        network = load_pretrained(AutoModelForTokenClassification, base_model, num_labels=2)
        tokenizer = load_pretrained(AutoTokenizer, base_model, model_max_length=window)
        network.config.id2label = {0: "O", 1: "DEVICE"}
        with torch.no_grad():
            network.classifier.bias.copy_(torch.tensor([9.0, -9.0]))
        self._pipeline = pipeline(
            "token-classification",
            model=network.float().eval(),
            tokenizer=tokenizer,
            stride=overlap,
            aggregation_strategy="simple",
            device="cpu",
        )

    def classify(self, texts: Sequence[str], batch_size: int) -> int:
        """Run the pipeline over texts; return the number of answers."""
        return len(self._pipeline(list(texts), batch_size=batch_size))


if __name__ == "__main__":
    base, length, shared, file = sys.argv[1:]
    PipelinePeer(base, int(length), int(shared)).classify(
        [Path(file).read_text(encoding="utf-8")], 1
    )
    print("done", flush=True)  # noqa: T201
