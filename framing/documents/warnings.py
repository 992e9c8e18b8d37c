"""Warnings about documents that a score says little about."""

from __future__ import annotations

import re

from framing.spans import Document

SHORT_TEXT = 200
PAYWALLED_TEXT = 1500
FEWEST_WORDS = 30
LEAST_ENGLISH_SHARE = 0.08

_PAYWALL = re.compile(
    r"""\b(?:subscribe|sign[ ]?up|sign[ ]in|log[ ]in|register|create[ ]an?[ ](?:free[ ])?account)
        \b.{0,40}\b(?:read|continue|access|unlock|view|full)\b
      | \b(?:to|and)[ ]continue[ ]reading\b
      | \bcontinue[ ]reading[ ](?:this|the|with|for|your)\b
      | \balready[ ]a[ ](?:subscriber|member)\b
      | \b(?:for|available[ ]to|exclusive[ ]to|reserved[ ]for)[ ](?:paid[ ])?subscribers\b
      | \bsubscribers?[ ]only\b
      | \b(?:reached|used)[ ](?:your|all)\b.{0,30}\bfree[ ]articles?\b""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[^\W\d_]+")
# Left out are words frequent in other languages too: "a", "as", "at", "do", "had", "is", "was", …
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """the of and to in that for it with by on this from or not but they his which were their
        been would there what if can said who more when about its after into out we you your our
        than then because these those could should him she against while before amid are be has
        have will how why just only off my""",
    )
)


def document_warnings(document: Document) -> tuple[str, ...]:
    """Return the names of what makes a document doubtful input.

    - `short_text`: under 200 characters.
    - `paywall_like`: under 1,500 characters, with the words of an offer to subscribe or sign in.
    - `not_english`: of at least 30 words under 8 % are frequent English function words.

    >>> document_warnings(Document("stub", "Subscribe to read the full story."))
    ('short_text', 'paywall_like')
    """
    n_characters = len(document.text.strip())
    found = {
        "short_text": n_characters < SHORT_TEXT,
        "paywall_like": n_characters < PAYWALLED_TEXT and bool(_PAYWALL.search(document.text)),
        "not_english": _is_not_english(document.text),
    }
    return tuple(name for name, applies in found.items() if applies)


def _is_not_english(text: str) -> bool:
    words = _WORD.findall(text.lower())
    n_english = sum(word in _ENGLISH for word in words)
    return len(words) >= FEWEST_WORDS and n_english < LEAST_ENGLISH_SHARE * len(words)
