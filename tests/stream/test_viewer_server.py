import asyncio
import logging

import aiohttp
import pytest

from sonolucent.stream.viewer.server import Server


def test_a_browser_that_leaves_amid_a_frame_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(0, '{"kind": "stream"}')

    async def visit_and_vanish() -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(5):
                browser = await session.ws_connect(server.address + "frames")
                assert (await browser.receive()).data == '{"kind": "stream"}'
                server.show(bytes(20_000_000))
                await asyncio.sleep(0.05)
                transport = browser.get_extra_info("socket")
                assert transport is not None
                browser._response.connection.transport.abort()  # as a killed browser does

    with caplog.at_level(logging.ERROR):
        asyncio.run(visit_and_vanish())
        server.close()
    assert not caplog.records
