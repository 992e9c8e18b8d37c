"""Colours of devices, made readable behind a text."""

from __future__ import annotations

from dataclasses import dataclass

# Share of the device's colour in the tint behind a span: with it black and white, the worst
# colours, still leave a contrast over 4.5 (WCAG 2.2, level AA) to the text of both schemes.
TINT = 0.24


@dataclass(frozen=True, slots=True)
class Scheme:
    """Colours of a page: what it is written on, and in."""

    ground: str
    ink: str
    soft: str
    line: str


LIGHT = Scheme(ground="#ffffff", ink="#1b1b1f", soft="#55555e", line="#d5d5dc")
DARK = Scheme(ground="#16181d", ink="#f1f1f4", soft="#b3b3bd", line="#3b3e47")


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of `#RRGGBB`, each in 0 to 255.

    >>> channels("#E69F00")
    (230, 159, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def tint(colour: str, scheme: Scheme) -> str:
    """Return the colour that lies behind a span.

    >>> tint("#E69F00", LIGHT)
    '#f9e8c2'
    """
    mixed = (
        round(TINT * strong + (1 - TINT) * weak)
        for strong, weak in zip(channels(colour), channels(scheme.ground), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def luminance(colour: str) -> float:
    """Return the relative luminance in [0, 1] of `#RRGGBB`.

    Source: WCAG 2.2, "relative luminance".
    """
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_on(colour: str) -> str:
    """Return black or white, whichever is read better on a full colour.

    >>> text_on("#E69F00"), text_on("#0072B2")
    ('black', 'white')
    """
    # 0.179 is where the contrasts to black and to white are equal: (L+.05)/.05 = 1.05/(L+.05).
    return "black" if luminance(colour) > 0.179 else "white"
