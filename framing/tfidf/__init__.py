"""The TF-IDF baseline: word and character n-grams, linear models, and spans made of clauses.

Scoring imports numpy alone; `fit_tfidf` needs scikit-learn.
"""

from framing.tfidf.classifier import TfidfClassifier, load_tfidf
from framing.tfidf.fitting import DEV_F1, TfidfModel, fit_tfidf
from framing.tfidf.tuning import tune_weights

__all__ = [
    "DEV_F1",
    "TfidfClassifier",
    "TfidfModel",
    "fit_tfidf",
    "load_tfidf",
    "tune_weights",
]
