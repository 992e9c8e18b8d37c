"""The README's command reference, made from the live command line.

Run as a script it writes the reference into README.md; the tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from framing.cli.main import app

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- command reference: start -->\n", "<!-- command reference: end -->\n"


def reference() -> str:
    parts = [_section(name, command) for name, command in commands()]
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its full name."""
    stack = [("framing", typer.main.get_command(app))]
    while stack:
        name, command = stack.pop()
        children = getattr(command, "commands", {})
        stack += reversed([(f"{name} {child}", sub) for child, sub in children.items()])
        if not children:
            yield name, command


def _section(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *(_placeholder(argument) for argument in arguments)])
    lines = [f"#### `{usage}`", "", _first_paragraph(command.help), ""]
    if options:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{', '.join(option.opts)}` | {option.help} |" for option in options]
        lines.append("")
    return "\n".join(lines)


def _placeholder(argument: Any) -> str:
    name = (argument.metavar or argument.name).strip("[].").upper()
    return (name if argument.required else f"[{name}]") + ("…" if argument.nargs == -1 else "")


def _first_paragraph(help_text: str) -> str:
    return " ".join(help_text.strip().split("\n\n")[0].split())


def written(text: str) -> str:
    return text[text.index(START) + len(START) : text.index(END)]


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(written(text), reference()), encoding="utf-8")
