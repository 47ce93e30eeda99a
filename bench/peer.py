"""The peer: aiosmtpd as it comes, with a handler that keeps nothing. A process of its own; prints its port.

``python -m bench.peer [uvloop]``: on the stock loop of asyncio, or on uvloop.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Nothing:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "250 OK"


async def serve() -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    handler = Nothing()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="peer.example.org", loop=loop), "127.0.0.1", 0, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if "uvloop" in sys.argv:
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())
