"""README.md against the program as it is."""

from __future__ import annotations

import re

import pytest
from readme_parts import commands, parts, written


# python tests/readme_parts.py writes the parts anew.
@pytest.mark.parametrize("part", ["layers", "command reference"])
def test_generated_part_is_up_to_date(part: str) -> None:
    assert written(part) == parts()[part]


def test_example_is_what_the_program_prints() -> None:
    # Processors round 8-bit arithmetic in their own ways: the second digit of a score may differ.
    number = re.compile(r"\d\.\d\d|█+░*|░+")
    assert number.sub("", written("example")) == number.sub("", parts()["example"])


def test_every_command_and_option_has_help() -> None:
    for name, command in commands():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"
