"""What opens a quote: attributions over one to four lines, blocks of From, Sent, To and Subject.

Law: each line is judged once, whoever asks, and looks at few lines around it: time is linear.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailbot.core import quotes

LINE = 400  # characters of a line that are looked at
BLOCK = 14  # lines of a header block
COLONS = frozenset(":：")  # a set: to look for one letter in a wide string costs five times that
_ENDS = COLONS | {"-"}
_MAY_END = _ENDS | {">"}
MARKED_ENDS = (">:", "> wrote", ">wrote")  # of a line that still belongs to the attribution above it


class Openers:
    """``lines``: those of a text, stripped. A line as answer is the one behind what was found, 0 where nothing was."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._attributions: dict[int, int] = {}
        self._blocks: dict[int, int] = {}

    def next(self, at: int, limit: int = 40) -> int:
        """The next line from ``at`` on that is not blank (or -1; a gap of over ``limit`` lines is an end)."""
        for n in range(at, min(at + limit, len(self.lines))):
            if self.lines[n]:
                return n
        return -1

    def prefix(self, at: int) -> str:
        """``|`` or ``Alice>`` before the line ``at`` and the next one: marks of older programs, only after an attribution."""
        line = self.lines[at]
        if line.startswith("|") and not line.endswith("|"):
            return "|"
        nick, mark, _ = line[:16].partition(">")
        return nick + mark if mark and nick.isalnum() else ""

    # -- attributions

    def attribution(self, at: int) -> int:
        """The line after an attribution that begins at ``at``, or 0: "On … wrote:" over one to four lines."""
        if at not in self._attributions:
            self._attributions[at] = self._find_attribution(at)
        return self._attributions[at]

    def _find_attribution(self, at: int) -> int:
        if _MAY_END.isdisjoint([line[-1:] for line in self.lines[at : at + 4]]):  # dates are dear to look for
            return 0
        first = self.lines[at]
        dated = quotes.begins_dated(first)
        joinable = dated or ("<" in first and quotes.has_address(first))
        joined = ""
        for n in range(at, min(at + 4, len(self.lines))):
            line = self.lines[n]
            if not line or (line[0] == ">" and not line.startswith(MARKED_ENDS)):
                return self._bare_date(at, n) if dated else 0
            joined = f"{joined} {line}" if joined else line
            if line[-1] in _ENDS and self._is_attribution(joined, n, n == at, dated):
                return self._tail(n + 1)
            if len(joined) > LINE or not joinable:
                return 0
        return 0

    def _is_attribution(self, joined: str, last: int, alone: bool, dated: bool) -> bool:
        """``joined``: the lines up to ``last``, which ends with a colon or dash. Cheap questions come first."""
        if joined[-1] == "-":
            return alone and joined[0] == "-" and quotes.ends_with_verb(joined.strip("- "))
        ends = quotes.ends_with_verb(joined)
        if dated and (ends or quotes.ENDS_ADDRESS.search(joined[-150:])):
            return True
        verb = ends or quotes.has_verb(joined)
        if verb and quotes.has_address(joined) and (alone or quotes.has_date(joined)):
            return True
        if not self.marked(last):
            return False
        if verb and (dated or (alone and len(joined) < 100 and (ends or quotes.has_date(joined)))):
            return True
        return alone and bool(quotes.STARRED.match(joined) or quotes.QUOTING.match(joined))

    def marked(self, last: int) -> bool:
        n = self.next(last + 1)
        return n > 0 and (self.lines[n].startswith((">", "|")) or bool(self.prefix(n)))

    def _bare_date(self, at: int, end: int) -> int:
        """``2011/4/7 Alice <alice@example.org>`` without a colon, above a quote."""
        joined = " ".join(self.lines[at:end])
        if end - at > 2 or not joined.endswith(">") or not self.marked(end - 1):
            return 0
        return end if quotes.DATE.match(joined) and quotes.has_address(joined) else 0

    def _tail(self, end: int) -> int:
        """Some programs repeat the end of their attribution on lines of its own: an address, "wrote:"."""
        while end < len(self.lines) and self.lines[end] and quotes.TAIL.fullmatch(self.lines[end]):
            end += 1
        return end

    # -- header blocks

    def header_block(self, at: int) -> int:
        """The line after a block of From, Sent, To, Subject that begins at ``at`` (rules above it included), or 0."""
        if at not in self._blocks:
            self._blocks[at] = self._find_block(at)
        return self._blocks[at]

    def _find_block(self, at: int) -> int:
        line, start = self.lines[at], at
        if line[0] not in "-_=*>" and not quotes.field(line)[0]:
            return 0
        if quotes.RULE.match(line):
            start = self.next(at + 1, 4)
            if start < 0:
                return 0
        found: dict[str, str] = {}
        end, loose = start, 0
        for n in range(start, min(start + BLOCK, len(self.lines))):
            field, value = quotes.field(self.lines[n])
            if field:
                found.setdefault(field, value)
                end, loose = n + 1, 0
            elif not found or not self.lines[n] or loose == 2:
                break
            else:
                loose += 1
        return end if found and quotes.is_header(found, " ".join(self.lines[start:end])) else 0
