"""The configuration: TOML -> frozen dataclasses. ``Config()`` is the embedded default, ``load`` tells all mistakes.

    values   one reader per kind of value: text, duration, zone, address, ...
    rows     every key: type, default, reader, reason. A new key is one row here
    load     a file -> Config or mistakes; what is wrong only together; the text of config.example.toml

Imported by cli and app only: core gets its values as arguments.
"""

from mailbot.config.load import Mistake, example, load, read
from mailbot.config.rows import (
    Actions,
    Budget,
    Config,
    Digest,
    Health,
    Imap,
    Lmtp,
    Log,
    MailList,
    Private,
    Publish,
    Reminders,
    Report,
    Smarthost,
    Smtp,
    Store,
    Templates,
    Trust,
)
from mailbot.config.values import Endpoint

__all__ = [
    "Actions",
    "Budget",
    "Config",
    "Digest",
    "Endpoint",
    "Health",
    "Imap",
    "Lmtp",
    "Log",
    "MailList",
    "Mistake",
    "Private",
    "Publish",
    "Reminders",
    "Report",
    "Smarthost",
    "Smtp",
    "Store",
    "Templates",
    "Trust",
    "example",
    "load",
    "read",
]
