"""What the shipped labels must not give away: that a name or a genre alone tells the device."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from framing import read_corpus
from framing.corpus import Corpus
from framing.rows import ManifestRow

ROOT = Path(__file__).parent.parent
N_SHUFFLES = 1000


@cache
def corpus() -> Corpus:
    return read_corpus(ROOT / "labels", ROOT / "seeds")


@cache
def common_words() -> frozenset[str]:
    texts = (labelled.document.text for labelled in corpus().split(None, {"authored"}))
    return frozenset(word for text in texts for word in re.findall(r"\b[^\W\d_]+\b", text))


def names_of(source: ManifestRow) -> str:
    """Return the words of a document's names, but for those that are also words of the language."""
    words = (word for name in source.names for form in name.forms.values() for word in form.split())
    return " ".join(word for word in words if word.lower() not in common_words())


def genre_of(source: ManifestRow) -> str:
    return source.genre or ""


def areas(view: Callable[[ManifestRow], str], device: str) -> tuple[float, float]:
    """Return how well a TF-IDF model that sees only the view tells who holds the device.

    Documents of a setting are never both learned from and judged (ten folds).

    Returns:
        The area under the ROC curve, and the one that 1 in 200 shuffles of the answers exceeds.
    """
    documents = corpus().split(None, {"authored"})
    sources = [corpus().manifest[labelled.document.doc_id] for labelled in documents]
    holds = np.array([any(span.device == device for span in d.spans) for d in documents])
    scores = _out_of_fold([view(source) for source in sources], holds, sources)
    rng = np.random.default_rng(0)
    shuffled = [roc_auc_score(rng.permutation(holds), scores) for _ in range(N_SHUFFLES)]
    return float(roc_auc_score(holds, scores)), float(np.quantile(shuffled, 0.995))


def _out_of_fold(
    views: Sequence[str], holds: np.ndarray, sources: Sequence[ManifestRow]
) -> np.ndarray:
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(max_iter=1000))
    scores: np.ndarray = cross_val_predict(
        model,
        views,
        holds,
        groups=[source.setting for source in sources],
        cv=GroupKFold(10),
        method="predict_proba",
    )[:, 1]
    return scores


@pytest.mark.parametrize("device", corpus().taxonomy.device_names)
def test_names_alone_tell_no_device_beyond_chance(device: str) -> None:
    area, chance = areas(names_of, device)
    assert area < chance


# Genre is no secret of real news either: commentary carries more devices than a court list.
MOST_OF_GENRE = 0.78


@pytest.mark.parametrize("device", corpus().taxonomy.device_names)
def test_genre_alone_tells_a_device_only_as_well_as_the_card_says(device: str) -> None:
    area, _ = areas(genre_of, device)
    assert area < MOST_OF_GENRE


def test_the_folder_of_labels_loads_as_a_hugging_face_data_set(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(ROOT / "labels"), cache_dir=str(tmp_path))
    rows = {row["doc_id"]: row for row in loaded["gold"]}
    assert rows.keys() == corpus().rows.keys()
    first = min(rows)
    assert [span["device"] for span in rows[first]["spans"]] == [
        span.device for span in corpus().rows[first].spans
    ]
