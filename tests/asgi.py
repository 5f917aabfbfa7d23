"""Requests to an ASGI application without a network, for tests that are not coroutines."""

import asyncio
from collections.abc import Iterator

import httpx


class AsgiClient:
    """Sends each request in an event loop of its own."""

    def __init__(self, app, base_url: str, address: str = "192.0.2.7") -> None:
        self._app = app
        self._base_url = base_url
        self._address = address

    def request(self, method: str, path: str, *, content=None, headers=None, **more):
        """Return the answer; an iterator as content is sent in pieces, without a length."""

        async def send():
            transport = httpx.ASGITransport(
                self._app, client=(self._address, 50_000), raise_app_exceptions=False
            )
            body = _pieces(content) if isinstance(content, Iterator) else content
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, content=body, headers=headers, **more)

        return asyncio.run(send())

    def get(self, path: str, **more):
        """Send a GET request."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more):
        """Send a POST request."""
        return self.request("POST", path, **more)

    def delete(self, path: str, **more):
        """Send a DELETE request."""
        return self.request("DELETE", path, **more)

    def options(self, path: str, **more):
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, **more)


async def _pieces(content):
    for piece in content:
        yield piece
