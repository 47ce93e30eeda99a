"""A line of the table: what was measured, ours, the peer's, and whether the target is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """``ratio`` is ours / peer where there is a peer. ``ok``: None where there is no target, only something to see."""

    what: str
    ours: float
    unit: str
    peer: float | None = None
    against: str = ""  # who the peer is
    target: str = ""
    ok: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


def at_least(what: str, ours: float, unit: str, least: float) -> Row:
    return Row(what, ours, unit, target=f">= {least:g} {unit}", ok=ours >= least)


def at_most(what: str, ours: float, unit: str, most: float) -> Row:
    return Row(what, ours, unit, target=f"<= {most:g} {unit}", ok=ours <= most)


def ratio_at_least(what: str, ours: float, unit: str, peer: float, against: str, least: float) -> Row:
    return Row(what, ours, unit, peer, against, f">= {least:g} x", ours >= least * peer)


def ratio_at_most(what: str, ours: float, unit: str, peer: float, against: str, most: float) -> Row:
    return Row(what, ours, unit, peer, against, f"<= {most:g} x", ours <= most * peer)


HEAD = ("what", "ours", "peer", "ratio", "target", "")


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as text."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, ...]:
    peer = f"{_number(row.peer)} {row.against}" if row.peer is not None else ""
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    verdict = "" if row.ok is None else "ok" if row.ok else "MISSED"
    return row.what, f"{_number(row.ours)} {row.unit}", peer, ratio, row.target, verdict


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
