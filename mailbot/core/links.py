"""Links to the chat where people talk about an incident: whoever pastes one into a mail makes it a link of the incident (A7).

A row is one chat program: its name, what its links look like, and an example, which is its test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

MOST = 10  # of a message
HOST = r"https?://[\w.-]{1,200}"
TAIL = r"[^\s<>\"'|]{1,500}"


class Chat(NamedTuple):
    name: str
    pattern: str
    example: str


CHATS = (
    Chat("Slack", rf"https://[\w-]+(?:\.enterprise)?\.slack\.com/(?:archives|messages|app_redirect|client){TAIL}",
         "https://instructlab.slack.com/archives/C0123456789/p1763726400000100"),
    Chat("Slack", rf"https://app\.slack\.com/(?:client|huddle)/{TAIL}", "https://app.slack.com/client/T012345/C012345"),
    Chat("Discord", rf"https://(?:(?:\w+\.)?discord(?:app)?\.com/channels|discord\.gg)/{TAIL}",
         "https://discord.com/channels/811/822/833"),
    Chat("Matrix", rf"https://(?:matrix\.to|app\.element\.io|[\w.-]{{1,200}})/#/(?:room/)?[#!]{TAIL}",
         "https://matrix.to/#/#incidents:example.org"),
    Chat("Mattermost", rf"{HOST}(?::\d+)?/[\w-]+/(?:pl/[a-z0-9]{{26}}|channels/[\w-]+)",
         "https://chat.example.org/ops/pl/abcdefghijklmnopqrstuvwxyz"),
    Chat("Zulip", rf"{HOST}/#narrow/{TAIL}", "https://chat.example.org/#narrow/stream/5-incidents/topic/registry"),
    Chat("Rocket.Chat", rf"{HOST}/(?:channel|group)/[\w.-]+\?msg=\w+", "https://open.rocket.chat/channel/ops?msg=AbC123"),
    Chat("Teams", rf"https://teams\.(?:microsoft|live)\.com/(?:l|meet)/{TAIL}",
         "https://teams.microsoft.com/l/message/19:abc@thread.tacv2/1763726400000"),
    Chat("Google Chat", rf"https://(?:chat\.google\.com/(?:room|dm|u/)|mail\.google\.com/chat/){TAIL}",
         "https://chat.google.com/room/AAAA1234/abcd"),
    Chat("Telegram", rf"https://t\.me/{TAIL}", "https://t.me/c/1234567/89"),
    Chat("IRC", rf"ircs?://[\w.-]{{1,200}}{TAIL}", "ircs://irc.libera.chat/#incidents"),
)  # fmt: skip

_CHAT = re.compile("|".join(f"(?:{chat.pattern})" for chat in CHATS))


def chat_links(text: str, own: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The chat links in the own text, each once, in order."""
    found: dict[str, None] = {}
    for start, end in own:
        if "://" in text[start:end]:
            found.update((m[0].rstrip(".,;:!?)]*_"), None) for m in _CHAT.finditer(text, start, end))
    return tuple(found)[:MOST]
