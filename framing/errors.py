"""The exception tree: each error says its place, what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Sequence


class FramingError(Exception):
    """Base of every error that a user can cause and mend; shown as one line."""


class InputError(FramingError):
    """A document cannot be read.

    Attributes:
        place: the path (with line, where there is one) or the name of the stream.
        reason: what was found, what was expected, and what to do.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class UsageError(FramingError):
    """Options or arguments do not fit together (exit status 2)."""


class LabelsError(FramingError):
    """Labels, seeds, splits or a taxonomy are not as their format demands.

    Attributes:
        problems: one line each, in order of place.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ModelError(FramingError):
    """A model is unknown, incomplete, damaged or of a format that this version does not read."""


class MissingExtraError(FramingError):
    """A library of an optional extra is not installed.

    Attributes:
        extra: the extra of this package that brings the library.
    """

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}. Install it with: pip install 'framing[{extra}]'"
        )
        self.extra = extra
