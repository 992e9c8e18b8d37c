"""The command line: one file a command, no logic here."""

from framing.cli.main import run

__all__ = ["run"]
