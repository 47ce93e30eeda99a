"""What is put around a subject: tables of reply and forward prefixes, marks, status words, and titles that are no key.

Every row carries its example, which is its test. ``safe`` prefixes are always taken off. The others are also words that
people begin a title with ("FS: 90 % full", "R: build is broken"): they come off only where something else confirms
them (threading.md, "Key"). Rows not seen in real mail, or known from memory only, are not safe.
"""

from __future__ import annotations

from typing import NamedTuple


class Prefix(NamedTuple):
    """One prefix as written in one language: ``words`` stand before a colon, with or without a counter (``Re[2]:``)."""

    words: tuple[str, ...]
    kind: str  # reply, forward, both
    language: str
    safe: bool
    example: str  # its key is "disk full"


PREFIXES: tuple[Prefix, ...] = (
    Prefix(("Re",), "reply", "all (RFC 5322)", True, "Re: disk full"),
    Prefix(("AW", "Antwort"), "reply", "de", True, "AW: Disk full"),
    Prefix(("Antw",), "reply", "nl", True, "Antw: disk full"),
    Prefix(("SV",), "reply", "sv da nb is", True, "SV: disk full"),
    Prefix(("Vá",), "reply", "hu", True, "Vá: disk full"),
    Prefix(("Rif",), "reply", "it (Notes, Outlook)", True, "Rif: disk full"),
    Prefix(("Odp",), "reply", "pl", True, "Odp: disk full"),
    Prefix(("Odg",), "reply", "sl hr", True, "Odg: disk full"),
    Prefix(("Ats.", "Ats"), "reply", "lt", True, "Ats.: disk full"),
    Prefix(("YNT",), "reply", "tr", True, "YNT: disk full"),
    Prefix(("השב", "תגובה"), "reply", "he", True, "השב: disk full"),
    Prefix(("回复", "回覆", "答复", "答覆"), "reply", "zh", True, "回复：disk full"),
    Prefix(("Réf.", "Réf"), "reply", "fr (Notes)", True, "Réf. : disk full"),
    Prefix(("ΑΠ", "ΣΧΕΤ"), "reply", "el", True, "ΑΠ: disk full"),
    Prefix(("Fwd", "Fw"), "forward", "all (RFC 5256)", True, "Fwd: disk full"),
    Prefix(("WG",), "forward", "de", True, "WG: disk full"),
    Prefix(("ILT", "İLT"), "forward", "tr", True, "İLT: disk full"),
    Prefix(("ΠΡΘ",), "forward", "el", True, "ΠΡΘ: disk full"),
    Prefix(("הועבר",), "forward", "he", True, "הועבר: disk full"),
    Prefix(("转发", "轉寄"), "forward", "zh", True, "转发: disk full"),
    Prefix(("RES",), "reply", "pt es", False, "RES: disk full"),
    Prefix(("VS",), "reply", "fi", False, "VS: disk full"),
    Prefix(("R",), "reply", "it", False, "R: disk full"),
    Prefix(("Ad",), "reply", "no", False, "Ad: disk full"),
    Prefix(("Ang",), "reply", "sv", False, "Ang: disk full"),
    Prefix(("Yan",), "reply", "tr", False, "Yan: disk full"),
    Prefix(("er",), "reply", "eu", False, "er: disk full"),
    Prefix(("ENC",), "forward", "pt", False, "ENC: disk full"),
    Prefix(("RV",), "forward", "es", False, "RV: disk full"),
    Prefix(("TR", "Trs"), "forward", "fr", False, "TR : disk full"),
    Prefix(("I",), "forward", "it", False, "I: disk full"),
    Prefix(("FS",), "forward", "is", False, "FS: disk full"),
    Prefix(("VB",), "forward", "sv", False, "VB: disk full"),
    Prefix(("VL",), "forward", "fi", False, "VL: disk full"),
    Prefix(("PD",), "forward", "pl", False, "PD: disk full"),
    Prefix(("FYI",), "forward", "en", False, "FYI: disk full"),
    Prefix(("Doorst",), "forward", "nl", False, "Doorst: disk full"),
    Prefix(("Továbbítás",), "forward", "hu", False, "Továbbítás: disk full"),
    Prefix(("BLS",), "reply", "id", False, "BLS: disk full"),
    Prefix(("Plt",), "both", "unknown", False, "Plt: disk full"),
    Prefix(("ATB",), "reply", "cy", False, "ATB: disk full"),
    Prefix(("Vyr",), "both", "unknown", False, "Vyr: disk full"),
    Prefix(("返信", "転送"), "both", "ja", False, "返信: disk full"),
    Prefix(("답장", "회신", "전달"), "both", "ko", False, "답장: disk full"),
    Prefix(("Trả lời", "Chuyển tiếp"), "both", "vi", False, "Trả lời: disk full"),
    Prefix(("Отв.", "Отв", "Пересл.", "Пересл"), "both", "ru", False, "Отв.: disk full"),
)

# Counters of old clients (The Bat!, PMail): after any prefix.
COUNTER = r"(?:\s?\[\d{1,4}\]|\s?\(\d{1,4}\)|[\^*]?\d{1,4})?"
COUNTED: tuple[str, ...] = (
    "Re[2]: disk full",
    "Re [2]: disk full",
    "RE(2): disk full",
    "Re^2: disk full",
    "Re*2: disk full",
    "Re2: disk full",
    "Re : disk full",
    "Re：disk full",
    "Re:disk full",
    "[Re]: disk full",
    "AW[3]: Re[2]: disk full",
)


class Mark(NamedTuple):
    """What a gateway puts in front. ``pattern`` is a regular expression, matched whatever the case."""

    pattern: str
    example: str  # its key is "disk full"


MARKS: tuple[Mark, ...] = (
    Mark(r"[\[({<]\s?ext(?:ernal)?(?:[\s-](?:e-?mail|sender|mail))?\s?[\])}>]\s*:?", "{EXTERNAL} disk full"),
    Mark(r"external(?:\s(?:e-?mail|sender|mail))?\s?:", "EXTERNAL: disk full"),
    Mark(r"[\[({<]\s?(?:suspected\s|possible\s|probable\s)?(?:spam|junk|bulk)\??\s?[\])}>]\s*:?", "{Spam?} disk full"),
    Mark(r"\*{2,8}\s?(?:(?:suspected|possible)\s)?spam\s?\*{2,8}\s*:?", "*****SPAM***** disk full"),
)


class Status(NamedTuple):
    """A word that says how it goes: in brackets, before a colon or " - " at the front, after " - " at the end."""

    pattern: str
    status: str
    example: str  # its key is "disk full"


NUMBER = r"(?:\s?#?\s?\d{1,3})?"
STATUSES: tuple[Status, ...] = (
    Status(r"resolved(?:\sin\s\w{1,12})?", "RESOLVED", "[RESOLVED] disk full"),
    Status(r"(?:status\s)?updates?" + NUMBER, "UPDATE", "Update #2: disk full"),
    Status(r"all\s(?:is\s)?(?:ok|well|clear)", "ALL OK", "[ALL IS WELL] disk full"),
    Status(r"restored|recovered|recovery", "RESTORED", "Restored: disk full"),
    Status(r"solved|fixed", "FIXED", "disk full - FIXED"),
    Status(r"closed|ended|completed?", "CLOSED", "[Closed] disk full"),
    Status(r"cancell?ed|false\salarm", "CANCELLED", "False alarm: disk full"),
    Status(r"monitoring|identified|investigating|mitigated|acknowledged", "PROGRESS", "[Investigating] disk full"),
    Status(r"firing(?::\d{1,4})?", "FIRING", "[FIRING:2] disk full"),
)

# No key: such a title says nothing of what the mail is about.
GENERIC: tuple[str, ...] = (
    "no subject",
    "kein betreff",
    "sans objet",
    "sin asunto",
    "nessun oggetto",
    "sem assunto",
    "geen onderwerp",
    "brak tematu",
    "без темы",
    "无主题",
    "無題",
    "hello",
    "hi",
    "hello all",
    "hi all",
    "help",
    "test",
    "update",
    "outage",
    "incident",
)
