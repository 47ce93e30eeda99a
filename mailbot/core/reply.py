"""Own new text | quoted | attribution | signature | footer | forwarded. Nothing is deleted: every character is in one part.

Law: own text is never lost for a doubt. Lines are judged one by one, so interleaved answers stay; all that follows is
quoted only after a full header block or attribution whose quote has no marks, and only where own text came before.
Every look back or ahead is bounded: time is linear.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from mailbot.core import quotes
from mailbot.core.openers import BLOCK, COLONS, LINE, MARKED_ENDS, Openers


class Kind(StrEnum):
    OWN = "own"
    QUOTE = "quote"
    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    FOOTER = "footer"
    FORWARD = "forward"


class Part(NamedTuple):
    """Whole lines ``text[start:end]`` of one kind; the parts of a text cover it without gaps.

    One exception: an attribution that lost its line break ("thanks On 6 May 2024, Alice wrote:") begins in its line.
    """

    start: int
    end: int
    kind: Kind


LINES = 20_000  # lines that are judged in full; the rest by its marks alone
SIGNATURE = 25  # lines of a signature; what is longer is text
RULES = frozenset("-_=#~—")  # with which the rule above a list footer begins and ends


def split(text: str) -> tuple[Part, ...]:
    """The parts of a body in order. Never raises; linear in ``len(text)``."""
    if not text:
        return ()
    reader = _Reader(text)
    reader.read()
    return tuple(reader.parts())


def own_spans(parts: tuple[Part, ...]) -> tuple[tuple[int, int], ...]:
    """The [start, end) spans of own text."""
    return tuple((p.start, p.end) for p in parts if p.kind is Kind.OWN)


_OWN, _QUOTE = Kind.OWN, Kind.QUOTE


class _Reader(Openers):
    """One pass over the lines; ``kinds[i]`` is the kind of line ``i`` (None for a blank line: as the line before it)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = text.split("\n", LINES)
        self.tail = self.raw.pop() if len(self.raw) > LINES else ""
        self.tail_kind: Kind | None = None
        self.lengths = list(map(len, self.raw))
        long = max(self.lengths) > LINE
        super().__init__([line[:LINE].strip() for line in self.raw] if long else list(map(str.strip, self.raw)))
        self.kinds: list[Kind | None] = [(_QUOTE if x[0] == ">" else _OWN) if x else None for x in self.lines]
        self.inside: dict[int, int] = {}  # line -> column where an attribution begins in it
        self.has_own = False

    # -- the pass

    def read(self) -> None:
        """Nearly all lines are prose or marked: they are judged at once, and only the others one by one."""
        at = 0
        for n in sorted(set(self._telling())):
            if n < at:
                continue
            self.has_own = self.has_own or Kind.OWN in self.kinds[at:n]
            at = self._mark(n, end, Kind.FOOTER) if (end := self._footer(n)) else self._line(n)
        if not self.has_own and Kind.OWN not in self.kinds[at:]:
            self._never_nothing()

    def _telling(self) -> Iterator[int]:
        """The lines that may begin or end something, a few more than do. Cheap questions come first."""
        lines = self.lines
        for n, line in enumerate(lines):
            if not line:
                continue
            first, last = line[0], line[-1]
            if first == ">":  # of these few are looked at; an attribution may end in one, and begins above it
                if last == "<" or (last == ">" and line.startswith(">>> ")):
                    yield n
                elif last in COLONS and line.startswith(MARKED_ENDS):
                    yield from self._heads(n)
            elif last in COLONS or (last == ">" and self.marked(n)):
                heads = self._heads(n)
                if last == ">" or quotes.may_introduce(line) or (heads and self._may_end(n)):
                    yield from heads
                    yield n
            elif first in "-_=*":
                if (
                    (last == first == "-" and len(line) > 3)
                    or quotes.may_separate(line)
                    or (last in RULES and self._footer(n))
                    or (not line.isascii() and quotes.is_mobile(line))
                ):
                    yield n
            elif (line[:2] in quotes.BEGINS or first in "|#~" or not line.isascii()) and (
                quotes.field(line)[0]
                or (len(line) <= 100 and not self._goes_on(n) and quotes.is_mobile(line))
                or (last in RULES and self._footer(n))
            ):
                yield n

    def _heads(self, at: int) -> list[int]:
        """The lines above ``at`` with which an attribution may begin that ends there."""
        heads: list[int] = []
        for n in range(at - 1, max(at - 4, -1), -1):
            line = self.lines[n]
            if not line or (line[0] == ">" and not line.startswith(MARKED_ENDS)):
                break
            if line[0] != ">" and (("<" in line and quotes.has_address(line)) or quotes.begins_dated(line)):
                heads.append(n)
        return heads

    def _may_end(self, at: int) -> bool:
        """Whether a line that introduces nothing by itself may end an attribution that begins above it."""
        near = self.lines[max(at - 3, 0) : at + 1]
        wordless = len(near[-1]) < 8 or near[-1].lower() == near[-1].upper()
        return wordless or self.marked(at) or quotes.may_name("\n".join(near))

    def _line(self, at: int) -> int:
        """Judge the line ``at`` and what hangs on it; return the next line to judge."""
        line = self.lines[at]
        if line[0] == ">" and not line.endswith("<<"):
            if self.has_own and line.startswith(">>> ") and quotes.GROUPWISE.match(line) and quotes.has_date(line):
                return self._rest(at, at + 1)
            return at + 1
        if end := self._separator(at) or self._quoting(at):
            return end
        self.has_own = True
        return self._mark(at, at + 1, Kind.OWN)

    def _goes_on(self, at: int) -> bool:
        """Whether text follows at once: then no text ends here, and no telephone signs it."""
        return at + 1 < len(self.lines) and self.lines[at + 1][:1] not in ("", ">", "-", "_")

    def _separator(self, at: int) -> int:
        """Marks in words, signatures, header blocks: the next line to judge, or 0."""
        line = self.lines[at]
        ruled = line[0] in "-_=*"
        if ruled or line[-1] in COLONS:
            if quotes.ORIGINAL_LINE.match(line):
                return self._original(at)
            if quotes.FORWARD_LINE.match(line):
                return self._forward(at)
        if ruled and line[0] == "-" and (end := self._signature(at)):
            return self._mark(at, end, Kind.SIGNATURE)
        if end := self.header_block(at):
            return self._rest(at, end)
        return self._mark(at, at + 1, Kind.SIGNATURE) if self._mobile(at) else 0

    def _quoting(self, at: int) -> int:
        """Attributions and what they introduce: the next line to judge, or 0."""
        if self.lines[at][-1] == ":" and self._splits(at):
            self.has_own = True
            self._mark(at, at + 1, Kind.OWN)
            return self._quoted(at + 1, at + 1)
        end = self.attribution(at)
        return self._quoted(at, end) if end else 0

    def _mark(self, start: int, end: int, kind: Kind) -> int:
        for n in range(start, end):
            if self.lines[n]:
                self.kinds[n] = kind
        return end

    # -- quotes

    def _rest(self, start: int, end: int) -> int:
        """A header block from ``start`` to ``end``: what follows is quoted, if anything own came before it.

        Outlook Express marks the quote below its block: then lines are judged one by one, and answers between them stay.
        """
        self._mark(start, end, Kind.ATTRIBUTION)
        n = self.next(end)
        if not self.has_own or (n > 0 and self.lines[n].startswith(">")):
            return end
        return self._to_end(end, Kind.QUOTE)

    def _to_end(self, start: int, kind: Kind) -> int:
        self.tail_kind = kind
        return self._mark(start, len(self.lines), kind)

    def _original(self, at: int) -> int:
        block = self.header_block(self.next(at + 1)) if self.next(at + 1) > 0 else 0
        return self._rest(at, block or at + 1)

    def _forward(self, at: int) -> int:
        """A forwarded message: to its end mark, to the end of its ``>`` marks, or to the end of the text."""
        if (end := self.next(at + 1)) > 0 and self.lines[end].startswith(">"):
            while end < len(self.lines) and (self.lines[end].startswith(">") or not self.lines[end]):
                end += 1
            return self._mark(at, end, Kind.FORWARD)
        for end in range(at + 1, len(self.lines)):
            if self.lines[end].startswith("---") and quotes.FORWARD_END.match(self.lines[end]):
                return self._mark(at, end + 1, Kind.FORWARD)
        return self._to_end(at, Kind.FORWARD)

    def _quoted(self, at: int, end: int) -> int:
        """After an attribution: marks decide line by line; without any mark the rest is the quote."""
        self._mark(at, end, Kind.ATTRIBUTION)
        n = self.next(end)
        if n < 0 or self.lines[n].startswith(">"):
            return end
        prefix = self.prefix(n)
        if prefix:
            while n < len(self.lines) and (self.lines[n].startswith(prefix) or not self.lines[n]):
                n += 1
            return self._mark(end, n, Kind.QUOTE)
        if not self.has_own:  # the quote was cut away, or "On 6 May Alice wrote:" begins the writer's own story
            self.has_own = True
            return self._mark(at, end, Kind.OWN)
        for m in range(n, len(self.lines)):
            if self.lines[m].startswith(">"):
                return end
            if m > n and self.lines[m] and (self.attribution(m) or self.header_block(m)):
                break
        if at < end and not self._complete(" ".join(self.lines[at:end])):
            return self._mark(at, end, Kind.OWN)
        return self._to_end(end, Kind.QUOTE)

    def _complete(self, attribution: str) -> bool:
        """Whether a program wrote it: then it stands for the quote below it, though that has no marks."""
        if quotes.ENDS_ADDRESS.search(attribution) or quotes.COMPLETE.search(attribution):
            return True
        return quotes.has_address(attribution) and quotes.has_verb(attribution)

    def _splits(self, at: int) -> bool:
        """Whether an attribution begins inside the line, behind text, and a quote follows; remembers where."""
        if not self.lines[at].endswith(quotes.INSIDE_ENDS):
            return False
        match = quotes.INSIDE.search(self.raw[at], 0, LINE)
        if not match or not self.raw[at][: match.start()].strip(" -") or not self.marked(at):
            return False
        self.inside[at] = match.start()
        return True

    # -- ends

    def _signature(self, at: int) -> int:
        """The line after a signature whose delimiter is ``at``, or 0. A bare ``--`` needs an address or number below it."""
        delimiter = self.raw[at].rstrip("\r")
        if delimiter not in ("-- ", "--\xa0", "--"):
            return 0
        filled, end = 0, at + 1
        while end < len(self.lines) and not (self.lines[end] and self._ends_signature(end)):
            filled += bool(self.lines[end])
            end += 1
            if filled > SIGNATURE:
                return 0
        if delimiter == "--" and (filled > 8 or not any(quotes.CONTACT.search(x) for x in self.lines[at + 1 : end])):
            return 0
        return end

    def _ends_signature(self, at: int) -> bool:
        line = self.lines[at]
        ruled = line[0] in "-_=*" and (quotes.ORIGINAL_LINE.match(line) or quotes.FORWARD_LINE.match(line))
        marked = line[0] == ">" or self.raw[at] == "-- " or ruled
        return bool(marked or self.header_block(at) or self.attribution(at))

    def _mobile(self, at: int) -> bool:
        """A telephone's line where own text ends: nothing or a quote comes after it."""
        if not quotes.is_mobile(self.lines[at]) or len(self.lines[at]) > 100 or self._goes_on(at):
            return False
        n = self.next(at + 1)
        # Above a bare "On … wrote:" it stays: there, the test suites of reply parsers count it as text.
        return n < 0 or self.lines[n][0] in ">-_" or self.header_block(n) > 0

    def _footer(self, at: int) -> int:
        """The line after a list footer that begins at ``at``, or 0: a rule, then a line that only lists write."""
        line = self.lines[at]
        if not quotes.FOOTER_RULE.match(line):
            return 0
        n = self.next(at + 1, 4)
        listed = n > 0 and any(len(x) > 8 and quotes.FOOTER_LINE.match(x) for x in self.lines[n : n + 3])
        if not listed or (self.lines[n].lower().endswith("mailing list") and not quotes.LONG_RULE.match(line)):
            return 0
        end = n
        while end < len(self.lines) and self.lines[end] and end - n < BLOCK:
            end += 1
        return end

    def _never_nothing(self) -> None:
        """A text of which nothing is own because it looks like a signature is own."""
        if set(self.kinds) <= {None, Kind.SIGNATURE}:
            self.kinds = [Kind.OWN if k else k for k in self.kinds]

    # -- the result

    def parts(self) -> Iterator[Part]:
        """Runs of lines of one kind; a blank line is as the line before it."""
        kind, inside = _OWN, self.inside
        start = at = seen = 0  # the line ``seen`` begins at ``at``
        for n, found in enumerate(self.kinds):
            if found and (found is not kind or (inside and n in inside)):
                at += sum(self.lengths[seen:n]) + n - seen
                seen = n
                if found is not kind:
                    if at > start:
                        yield Part(start, at, kind)
                    start, kind = at, found
                if n in inside:
                    yield Part(start, at + inside[n], kind)
                    start, kind = at + inside[n], Kind.ATTRIBUTION
        at = min(sum(self.lengths) + len(self.raw), len(self.text))
        if at > start:
            yield Part(start, at, kind)
        if self.tail:
            yield from self._tail_pieces(at)

    def _tail_pieces(self, start: int) -> Iterator[Part]:
        if self.tail_kind:
            yield Part(start, len(self.text), self.tail_kind)
            return
        at = start
        for match in quotes.MARKED.finditer(self.text, start):
            if match.start() > at:
                yield Part(at, match.start(), Kind.OWN)
            yield Part(match.start(), match.end(), Kind.QUOTE)
            at = match.end()
        if at < len(self.text):
            yield Part(at, len(self.text), Kind.OWN)
