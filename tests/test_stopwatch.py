from __future__ import annotations

import subprocess
import sys

import pytest

from framing import stopwatch

SLOW = "import time; print('first', flush=True); time.sleep(0.3); x = bytes(50_000_000)"


def test_seconds_are_those_to_the_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert stopwatch.main([sys.executable, "-c", f"import time; time.sleep(0.2); {SLOW}"]) == 0
    seconds, peak = capsys.readouterr().out.split()
    assert float(seconds) > 0.2
    assert int(peak) > 50_000_000


def test_a_command_without_a_line_gives_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert stopwatch.main([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert capsys.readouterr().out == ""


def test_where_memory_is_not_told_it_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.wait4")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        assert stopwatch.wait(process) == 0
    assert process.returncode == 0


def test_it_imports_nothing_of_the_package() -> None:
    run = f"import runpy, sys; runpy.run_path({stopwatch.__file__!r}); "
    command = [sys.executable, "-I", "-c", run + "sys.exit('framing' in sys.modules)"]
    assert subprocess.run(command, check=False).returncode == 0
