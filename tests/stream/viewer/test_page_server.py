import asyncio
import logging

import aiohttp
import pytest

from sonolucent.stream.viewer.page_server import Server


def test_a_browser_that_leaves_before_its_next_frame_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(0, '{"kind": "stream"}')

    async def visit_and_vanish() -> None:
        async with aiohttp.ClientSession() as session:
            browser = await session.ws_connect(server.address + "frames")
            assert (await browser.receive()).data == '{"kind": "stream"}'
            browser._response.connection.transport.abort()  # as a killed browser does
            await asyncio.sleep(0.2)
            server.show(bytes(1000))
            await asyncio.sleep(0.2)

    with caplog.at_level(logging.ERROR):
        asyncio.run(visit_and_vanish())
        server.close()
    assert not caplog.records
