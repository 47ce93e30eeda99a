"""HTML of a mail -> plain text that reads like a mail: quotes as "> " lines, tables as "| a | b |" rows.

Law: bounded in length, tags and depth before any recursion, so that no HTML stops the reader; what is hidden from the
eye (scripts, styles, preheaders) is dropped, and what programs mark as quoted or as a signature is marked for ``reply``.
"""

from __future__ import annotations

import re
from html import unescape

from bs4 import BeautifulSoup, Comment, Tag
from markdownify import MarkdownConverter

LIMIT = 524_288
TAGS = 20_000
DEPTH = 100
UNNESTED = 300  # moving a tag is not free
DROPPED = ("script", "style", "head", "title", "template", "noscript", "object", "svg", "iframe", "form", "select")
HIDDEN = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|font-size:0(?:px|pt)?(?:;|$)|max-height:0(?:px)?(?:;|$)"
)
# Elements that are a quote as a whole, where no blockquote says so: Outlook's block with all that follows it, Yahoo's.
FROM_HERE = ("divRplyFwdMsg", "x_divRplyFwdMsg", "appendonsend", "stopSpelling")
QUOTED = (
    "yahoo_quoted",
    "gmail_quote",
    "gmail_quote_container",
    "protonmail_quote",
    "zmail_extra",
    "moz-forward-container",
)
SIGNED = ("gmail_signature", "moz-signature", "protonmail_signature_block", "x_gmail_signature")
FORWARDED = re.compile(r"-{3,}\s?\S+(?: \S+){0,3}\s?-{3,}")


def to_text(html: str, problems: list[str]) -> str:
    """Plain text of an HTML body. Never raises; what is over the limits is read without its structure or not at all."""
    if len(html) > LIMIT:
        problems.append(f"HTML over {LIMIT} characters: the rest was not read")
        html = html[:LIMIT]
    if html.count("<") > TAGS or html.count("&") > TAGS or _LONG_TAG.search(html):
        problems.append(f"HTML with more than {TAGS} tags or a very long one: read without its structure")
        return _bare(html)
    try:
        soup = BeautifulSoup(html, "html.parser")
        _unnest(soup)
        if _too_deep(soup):
            problems.append(f"HTML nested deeper than {DEPTH}: read without its structure")
            return _bare(html)
        _prepare(soup)
        text = str(
            _Mail(
                heading_style="atx", bullets="*", escape_asterisks=False, escape_underscores=False, escape_misc=False
            ).convert_soup(soup)
        )
    except Exception as error:  # html.parser and its users raise on some junk: the words are still there
        problems.append(f"HTML could not be read ({type(error).__name__}): read without its structure")
        return _bare(html)
    return _tidy(text)


_LONG_TAG = re.compile(r"<[^<>]{20000}")
_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})\b[^<>]{0,5000}>|<!--|<")
_BREAKS = frozenset(["br", "p", "div", "tr", "li", "table", "ul", "ol", "pre", "hr", "h1", "h2", "h3", "blockquote"])


def _bare(html: str) -> str:
    """The words without the tags, by pattern: linear whatever the nesting. Quotes keep their marks."""
    out: list[str] = []
    depth = at = 0
    skip = ""
    for match in _TOKEN.finditer(html):
        name, closing = (match[2] or "").lower(), bool(match[1])
        if not skip:
            out.append(unescape(html[at : match.start()]).replace("\n", " "))
        at = match.end() if name else match.start() + 1
        if name in ("script", "style", "head") and (not skip or skip == name):
            skip = "" if closing else name
        if name == "blockquote":
            depth = max(0, min(depth + (-1 if closing else 1), 20))
        if name in _BREAKS:
            out.append("\n" + "> " * min(depth, 3))
    if not skip:
        out.append(unescape(html[at:]))
    return _tidy("".join(out))


def _too_deep(soup: BeautifulSoup) -> bool:
    level = [child for child in soup.children if isinstance(child, Tag)]
    for _ in range(DEPTH):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        if not level:
            return False
    return True


def _tidy(text: str) -> str:
    text = text.replace("\xa0", " ").replace("\u200b", "").replace("\u200c", "").replace("\ufeff", "")
    lines = [line.rstrip() if line != "-- " else line for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


# ---- before: what is hidden, quoted, signed, layout


def _prepare(soup: BeautifulSoup) -> None:
    for node in list(soup.descendants):
        if isinstance(node, Comment) or (isinstance(node, Tag) and (node.name in DROPPED or _is_hidden(node))):
            node.extract()
    for tag in [node for node in soup.descendants if isinstance(node, Tag) and node.attrs]:
        classes = _classes(tag)
        if tag.attrs.get("id") in FROM_HERE:
            _quote_from(soup, tag)
        elif any(name in classes for name in SIGNED):
            if not re.match(r"\s*-- ?\n", tag.get_text()):
                tag.insert(0, Tag(name="sigmark"))
        elif any(name in classes for name in QUOTED) and _is_quote(tag):
            tag.wrap(Tag(name="blockquote"))
    for table in soup.find_all("table"):
        if _is_layout(table):
            for tag in [table, *table.find_all(["tbody", "thead", "tfoot", "tr", "td", "th"])]:
                tag.name = "div"


def _is_quote(tag: Tag) -> bool:
    """Whether a marked box is all quote: no blockquote in or around it says so better, and it is no forwarded mail."""
    if tag.find("blockquote") or tag.find_parent("blockquote"):
        return False
    return not FORWARDED.search(tag.get_text()[:200])


def _unnest(soup: BeautifulSoup) -> None:
    """``<li>a<li>b``: html.parser puts the second into the first, where HTML lets the first end."""
    nested = [tag for tag in soup.find_all(["li", "p", "tr", "td", "th"]) if tag.parent and tag.parent.name == tag.name]
    for tag in nested if len(nested) <= UNNESTED else []:
        if tag.parent is not None:
            tag.parent.insert_after(tag)


def _is_hidden(tag: Tag) -> bool:
    style = tag.attrs.get("style")
    if style:
        return HIDDEN.search(re.sub(r"\s", "", str(style)[:2000]).lower()) is not None
    return "hidden" in tag.attrs


def _classes(tag: Tag) -> list[str]:
    found = tag.attrs.get("class")
    return [found] if isinstance(found, str) else [str(name) for name in found or []]


def _quote_from(soup: BeautifulSoup, tag: Tag) -> None:
    """All from ``tag`` to the end of its parent is quoted: Outlook puts its reply before the block, never inside it."""
    if tag.find_parent("blockquote"):
        return
    rest = [tag, *tag.next_siblings]
    box = soup.new_tag("blockquote")
    tag.insert_before(box)
    for node in rest:
        box.append(node.extract())


def _is_layout(table: Tag) -> bool:
    """A table that only places things: nested tables, blocks in its cells, or one column."""
    if table.find(["table", "p", "ul", "ol", "blockquote", "pre", "h1", "h2"]):
        return True
    return not any(len(row.find_all(["td", "th"], recursive=False)) > 1 for row in table.find_all("tr"))


# ---- the converter: Markdown's shapes without its marks


class _Mail(MarkdownConverter):
    """markdownify, with the marks that a mail writer would not type taken away."""

    def _plain(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text

    convert_b = convert_strong = convert_i = convert_em = convert_del = convert_s = convert_code = convert_kbd = _plain
    convert_samp = convert_sub = convert_sup = _plain

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        href = str(el.get("href") or "").strip()
        words = text.strip()
        if not words or not re.match(r"(?:https?|mailto):", href, re.IGNORECASE):
            return text
        address = re.sub(r"^mailto:", "", href, flags=re.IGNORECASE)
        if _same(words, address):
            return text
        return f"{words} <{address[:1000]}>"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(el.get("alt") or "")[:200]

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{el.get_text()}\n\n"

    def convert_sigmark(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return "\n-- \n"


def _same(words: str, address: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"^https?://(?:www\.)?|/$", "", text.strip().lower())

    return bare(words) == bare(address)
