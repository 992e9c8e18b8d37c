from __future__ import annotations

from itertools import product

import pytest

from framing.report.colours import DARK, LIGHT, Scheme, luminance, text_on, tint

# The corners of the colour cube, black and white among them.
CORNERS = ["#" + "".join(channels) for channels in product(("00", "FF"), repeat=3)]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_contrast_that_wcag_gives() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("colour", CORNERS)
def test_a_span_of_any_colour_can_be_read(colour: str, scheme: Scheme) -> None:
    assert contrast(tint(colour, scheme), scheme.ink) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_small_print_can_be_read(scheme: Scheme) -> None:
    assert contrast(scheme.soft, scheme.ground) >= 4.5


@pytest.mark.parametrize("colour", CORNERS)
def test_black_or_white_can_be_read_on_any_colour(colour: str) -> None:
    chosen = {"black": "#000000", "white": "#ffffff"}[text_on(colour)]
    assert contrast(colour, chosen) >= 4.5
