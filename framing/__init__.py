"""Framing devices in news and statements, found as spans, offline.

The names below are the public interface; each is imported when it is first used, so that
`import framing` draws in no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framing.classifier import Classifier as Classifier
    from framing.corpus import read_corpus as read_corpus
    from framing.documents import read_document as read_document
    from framing.documents import read_inputs as read_inputs
    from framing.errors import FramingError as FramingError
    from framing.scoring import load as load
    from framing.sentences import sentence_bounds as sentence_bounds
    from framing.spans import Document as Document
    from framing.spans import LabelledDocument as LabelledDocument
    from framing.spans import LabelledSpan as LabelledSpan
    from framing.spans import ScoredDocument as ScoredDocument
    from framing.spans import Span as Span
    from framing.taxonomy import Taxonomy as Taxonomy
    from framing.taxonomy import read_taxonomy as read_taxonomy

__version__ = "0.1.0"

_HOMES = {
    "Classifier": "classifier",
    "Document": "spans",
    "FramingError": "errors",
    "LabelledDocument": "spans",
    "LabelledSpan": "spans",
    "ScoredDocument": "spans",
    "Span": "spans",
    "Taxonomy": "taxonomy",
    "load": "scoring",
    "read_corpus": "corpus",
    "read_document": "documents",
    "read_inputs": "documents",
    "read_taxonomy": "taxonomy",
    "sentence_bounds": "sentences",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'framing' has no attribute {name!r}")
    return getattr(import_module(f"framing.{_HOMES[name]}"), name)
