"""Published reports as pages: what the fold says is published stands in the folder, and nothing else.

The law: a page is derived; it is written after its fact is in the archive, again with each correction, and taken out with
what takes the fact back.
"""

from __future__ import annotations

from pathlib import Path

from mailbot.app import log
from mailbot.core.incident import Incident, Status
from mailbot.outbox.render import Renderer
from mailbot.publish.folder import Folder
from mailbot.store import safe


class Pages:
    """``folder`` None: reports are published by mail alone."""

    def __init__(self, renderer: Renderer, folder: Path | None) -> None:
        self.renderer = renderer
        self.folder = Folder(folder, safe) if folder is not None else None

    def settle(self, incident: Incident) -> None:
        """Brings the folder to what the incident says. OSError where the disk does not take it: to be tried again."""
        if self.folder is None:
            return
        if incident.status is Status.PUBLISHED:
            wanted, text = self.renderer.report(incident, public=True)
            if self.folder.put(incident.id, wanted, text):
                log.published(incident.id, self.folder.name(incident.id, wanted))
        elif self.folder.withdraw(incident.id):
            log.published(incident.id, "")
        for alias in incident.aliases:  # what became part of it has no page of its own
            self.folder.withdraw(alias)

    def name(self, incident: Incident) -> str:
        """The name that its page has or will have."""
        wanted = self.renderer.report(incident, public=True)[0]
        return self.folder.name(incident.id, wanted) if self.folder is not None else wanted
