"""`python -m framing`."""

from framing.cli import run

if __name__ == "__main__":
    run()
