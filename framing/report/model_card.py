"""The card of a model: what it is, what it is for, how good it is, what it must not be used for."""

from __future__ import annotations

from pathlib import Path

from framing.classifier import Classifier
from framing.corpus import Corpus
from framing.evaluation import Evaluation, evaluate
from framing.files import write_text
from framing.model_folder import ModelManifest
from framing.report.evaluation import render_json, render_markdown
from framing.report.models import EVALUATION

MODEL_CARD = "MODEL_CARD.md"

_KINDS = {
    "tfidf": "A linear model over word and character n-grams of sentences (TF-IDF), one against "
    "the rest; its spans are the clauses that carry the evidence.",
    "transformer": "A fine-tuned encoder with one sigmoid a device at each token and a second head "
    "for the voice, exported to ONNX with 8-bit weights.",
}
_USES = """## Use

Made to find passages that a person then reads: in media monitoring, research on framing, and
checks of one's own copy. Scores are calibrated on the dev split, or on what the command below
calibrates on; on text unlike it they may be too sure.

Not made to judge persons or outlets without reading, to decide on removal of text, or to tell
whether a claim is true. A marked span says how something is put, not that it is false, and nothing
of an intent. Texts other than English news and statements are outside of what was measured."""


def write_card(
    folder: Path, classifier: Classifier, corpus: Corpus, split: str, seed: int
) -> Evaluation:
    """Evaluate a model on a split, and write `evaluation.json` and `MODEL_CARD.md` to its folder.

    These two tell of the model and are no part of it: the manifest holds no checksum of them, as
    they hold the manifest's.
    """
    evaluation = evaluate([classifier], corpus, split, None, seed)
    write_text(folder / EVALUATION, render_json(evaluation))
    write_text(folder / MODEL_CARD, render_card(classifier.manifest, evaluation))
    return evaluation


def render_card(manifest: ModelManifest, evaluation: Evaluation) -> str:
    """Return a card in Markdown with the metadata block of the Hugging Face hub."""
    devices = "\n".join(
        f"- **{device.title}** (`{device.name}`, reported from "
        f"{manifest.thresholds[device.name].report:.2f}): {device.definition}"
        for device in manifest.taxonomy.devices
    )
    voices = "\n".join(
        f"- **{voice.title}** (`{voice.name}`): {voice.definition}"
        for voice in manifest.taxonomy.voices
    )
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    parts = [
        "---\nlanguage: en\nlicense: apache-2.0\ntags:\n- propaganda\n- framing\n"
        "- span-classification\n---",
        f"# {manifest.name} {manifest.version}",
        _KINDS.get(manifest.kind, manifest.kind),
        _USES,
        f"## What it finds\n\n{devices}\n\nEach span has a voice:\n\n{voices}",
        f"## Training\n\nLabels {manifest.labels_version} (train and dev, data "
        f"{manifest.labels_digest}), seed {manifest.seed}, {manifest.created}, {libraries}:\n\n"
        f"    {manifest.command}",
        render_markdown(evaluation)
        .replace("\n#", "\n##")
        .replace("# Evaluation", "## Evaluation", 1),
    ]
    return "\n\n".join(parts)
