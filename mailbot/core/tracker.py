"""Trackers of issues: a link that opens a new issue with its text filled in, and owner/repo#7 as a link (B13, B14).

The law: mailbot opens no issue itself; a person follows the link, reads, and sends it.
Sources: the forges' own documentation of their query parameters (GitHub "Creating an issue from a URL query", GitLab
"Create an issue: using a URL with prefilled values"; Gitea and Forgejo take title and body as GitHub does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

LONGEST = 6000  # octets of a link; forges and proxies refuse longer ones at about 8,000
REF = re.compile(r"([\w.-]+(?:/[\w.-]+)+)#(\d+)")
# forge -> (path of a new issue, name of the title, name of the text, path of an issue)
FORGES = {
    "github": ("/issues/new", "title", "body", "/issues/"),
    "gitlab": ("/-/issues/new", "issue[title]", "issue[description]", "/-/issues/"),
    "gitea": ("/issues/new", "title", "body", "/issues/"),
    "forgejo": ("/issues/new", "title", "body", "/issues/"),
}


@dataclass(frozen=True, slots=True)
class Tracker:
    """``url``: of the repository in which issues are made, without a slash at its end, "" for none."""

    url: str = ""
    forge: str = "github"

    def new_issue(self, title: str, body: str) -> str:
        """A link to a new issue with this title and text, "" where no tracker is configured; a long text is left out."""
        if not self.url:
            return ""
        path, title_name, body_name, _ = FORGES[self.forge]
        link = f"{self.url}{path}?{quote(title_name)}={quote(title[:200], safe='')}"
        full = f"{link}&{quote(body_name)}={quote(body, safe='')}"
        return full if len(full) <= LONGEST else link

    def address(self, link: str) -> str:
        """A link as a browser takes it: owner/repo#7 is on the configured forge; "" where nobody can tell."""
        if link.startswith(("https://", "http://")):
            return link
        found = REF.fullmatch(link)
        if not found or not self.url:
            return ""
        host = urlsplit(self.url)
        return f"{host.scheme}://{host.netloc}/{found[1]}{FORGES[self.forge][3]}{found[2]}"
