"""The TF-IDF baseline: word and character n-grams, linear models, and spans made of clauses.

Scoring imports numpy alone; `fit_tfidf` needs scikit-learn.
"""

from framing.tfidf.classifier import TfidfClassifier, load_tfidf
from framing.tfidf.fitting import TfidfModel, fit_tfidf

__all__ = ["TfidfClassifier", "TfidfModel", "fit_tfidf", "load_tfidf"]
