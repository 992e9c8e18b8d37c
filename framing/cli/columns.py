"""Tables of plain text, as every command prints them: one row a line, columns aligned."""

from __future__ import annotations

from collections.abc import Sequence


def format_columns(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table whose numbers stand to the right; None is a dash, a float has two decimals.

    >>> print(format_columns(("device", "F1"), [("denial", 0.5), ("micro", None)]))
    device    F1
    denial  0.50
    micro      -
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
        for i in range(len(header))
    ]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (header, *cells)
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
