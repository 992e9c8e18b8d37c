"""What every model offers, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from framing.model_folder import ModelManifest
from framing.spans import Document, ScoredDocument


class Classifier(ABC):
    """A model that finds the devices of its taxonomy in documents.

    Attributes:
        manifest: what the model is and how it was made.
    """

    manifest: ModelManifest

    @abstractmethod
    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        """Yield each document with its spans, in the order given, as soon as it is scored.

        The whole text is scored, however long. Spans whose score reaches their device's `report`
        threshold are in `spans`, those between that and `uncertain` in `uncertain`. Several
        threads may call it at once.
        """

    @overload
    def predict(  # type: ignore[overload-overlap]  # a str is a Sequence[str] too
        self, texts: str | Document
    ) -> ScoredDocument: ...

    @overload
    def predict(self, texts: Sequence[str | Document]) -> list[ScoredDocument]: ...

    def predict(
        self, texts: str | Document | Sequence[str | Document]
    ) -> ScoredDocument | list[ScoredDocument]:
        """Score one text, or a sequence of texts.

        Returns:
            One scored document for a text, always a list for a sequence.
        """
        if isinstance(texts, str | Document):
            return next(self.score_documents([_document(texts, 0)]))
        return list(self.score_documents(_document(text, i) for i, text in enumerate(texts)))


def _document(text: str | Document, index: int) -> Document:
    return text if isinstance(text, Document) else Document(doc_id=f"text-{index}", text=text)
