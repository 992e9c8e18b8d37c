"""Colours of devices, made readable behind a text."""

from __future__ import annotations

# Share of the device's colour in the tint behind a span. With it any colour leaves a contrast of
# at least 4.5 (WCAG 2.2, level AA) to the text colours below, in both schemes, even where two
# tints lie over each other; the tests try all corners of the colour cube.
TINT = 0.24
LIGHT = ("#ffffff", "#1b1b1f")
DARK = ("#16181d", "#f1f1f4")


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of `#RRGGBB`, each in 0 to 255.

    >>> channels("#E69F00")
    (230, 159, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def tint(colour: str) -> str:
    """Return the CSS colour that lies behind a span."""
    red, green, blue = channels(colour)
    return f"rgba({red}, {green}, {blue}, {TINT})"


def luminance(colour: tuple[float, float, float]) -> float:
    """Return the relative luminance in [0, 1] of red, green and blue in 0 to 255.

    Source: WCAG 2.2, "relative luminance".
    """
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_on(colour: str) -> str:
    """Return black or white, whichever is read better on a full colour.

    >>> text_on("#E69F00"), text_on("#0072B2")
    ('black', 'white')
    """
    # 0.179 is where the contrasts to black and to white are equal: (L+.05)/.05 = 1.05/(L+.05).
    return "black" if luminance(channels(colour)) > 0.179 else "white"
