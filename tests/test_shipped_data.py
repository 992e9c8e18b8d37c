"""What the shipped labels must not give away: that a name or a genre alone tells the device."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from framing.corpus import Corpus
from framing.rows import ManifestRow
from framing.taxonomy import read_taxonomy

ROOT = Path(__file__).parent.parent
DEVICES = read_taxonomy(ROOT / "labels" / "taxonomy.toml").device_names
N_SHUFFLES = 1000
View = Callable[[ManifestRow], str]


@pytest.fixture(scope="module")
def names_of(shipped_corpus: Corpus) -> View:
    """Gives the words of a document's names, but for those that are also words of the language."""
    texts = (labelled.document.text for labelled in shipped_corpus.split(None, {"authored"}))
    known = {word for text in texts for word in re.findall(r"\b[^\W\d_]+\b", text)}

    def view(source: ManifestRow) -> str:
        forms = (form for name in source.names for form in name.forms.values())
        words = (word for form in forms for word in form.split())
        return " ".join(word for word in words if word.lower() not in known)

    return view


def genre_of(source: ManifestRow) -> str:
    return source.genre or ""


def areas(corpus: Corpus, view: View, device: str) -> tuple[float, float]:
    """Return how well a TF-IDF model that sees only the view tells who holds the device.

    Documents of a setting are never both learned from and judged (ten folds).

    Returns:
        The area under the ROC curve, and the one that 1 in 200 shuffles of the answers exceeds.
    """
    documents = corpus.split(None, {"authored"})
    sources = [corpus.manifest[labelled.document.doc_id] for labelled in documents]
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


@pytest.mark.parametrize("device", DEVICES)
def test_names_alone_tell_no_device_beyond_chance(
    shipped_corpus: Corpus, names_of: View, device: str
) -> None:
    area, chance = areas(shipped_corpus, names_of, device)
    assert area < chance


@pytest.mark.parametrize("device", DEVICES)
def test_genre_alone_tells_no_device_beyond_chance(shipped_corpus: Corpus, device: str) -> None:
    area, chance = areas(shipped_corpus, genre_of, device)
    assert area < chance


def test_the_folder_of_labels_loads_as_a_hugging_face_data_set(
    shipped_corpus: Corpus, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(ROOT / "labels"), cache_dir=str(tmp_path))
    rows = {row["doc_id"]: row for row in loaded["gold"]}
    assert rows.keys() == shipped_corpus.rows.keys()
    first = min(rows)
    assert [span["device"] for span in rows[first]["spans"]] == [
        span.device for span in shipped_corpus.rows[first].spans
    ]
