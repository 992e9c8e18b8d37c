"""The generated parts of README.md; run as a script it writes them, the tests compare."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from framing.cli.main import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def parts() -> dict[str, str]:
    """Return the content of each generated part, by its name."""
    return {
        "example": example(),
        "layers": layers(),
        "command reference": command_reference(),
    }


def written(name: str) -> str:
    return _pattern(name).search(README.read_text(encoding="utf-8"))[1]


def score_line() -> list[str]:
    """Return the words of the README's `framing score` line."""
    (line,) = re.findall(r"pip install \. && (framing score .*)", README.read_text("utf-8"))
    return line.split()


def example() -> str:
    arguments = [sys.executable, "-m", *score_line(), "--format", "table"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"```text\n{done.stdout.strip()}\n```\n"


def layers() -> str:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    floors = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    return "```text\n" + "\n".join(f"  {floor}" for floor in floors) + "\n```\n"


def command_reference() -> str:
    return "\n".join(_section(name, command) for name, command in commands())


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


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(f"(?<=<!-- {name}: start -->\n)(.*?)(?=<!-- {name}: end -->)", re.DOTALL)


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    for part, content in parts().items():
        before, after = _pattern(part).split(text)[::2]
        text = before + content + after
    README.write_text(text, encoding="utf-8")
