"""Who may look at the page and who may control: by the name it is reached by, the site that asks, and a token."""

from __future__ import annotations

import hmac
import ipaddress
import ssl
from urllib.parse import urlsplit

from aiohttp import web

from sonolucent.stream.errors import ViewerError
from sonolucent.stream.viewer_settings import ViewerSettings


class Access:
    """Decides about one request after another.

    Raises:
        ViewerError: the certificate or its key cannot be read.
    """

    def __init__(self, settings: ViewerSettings) -> None:
        self._settings = settings
        names = ["localhost", settings.host, *settings.hosts]
        self._names = {name.lower().rstrip(".") for name in names}
        self.tls = _tls(settings)

    @property
    def policy(self) -> str:
        """What the browser may load for the page: its own files and pictures, nothing of another place."""
        framed_by = " ".join(("'self'", "http://localhost:*", "http://127.0.0.1:*", *self._settings.origins))
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors {framed_by}"
        )

    def require_known_host(self, request: web.Request) -> None:
        """Refuses names that somebody else has pointed here: his page would count as ours.

        Raises:
            HTTPForbidden: the name is neither this machine's nor in `viewer.hosts`.
        """
        name = _host_name(request.host)
        if name not in self._names and not _is_address_of(name, request):
            raise web.HTTPForbidden(
                text=f"{name} is not a name of this viewer; where it is a proxy's, give --viewer.hosts {name}"
            )

    def require_own_page(self, request: web.Request) -> None:
        """Refuses pages of other sites; browsers say of which one it is.

        Raises:
            HTTPForbidden: the site is neither the viewer's own nor in `viewer.origins`.
        """
        origin = request.headers.get("Origin")
        if origin is None or origin in self._settings.origins or urlsplit(origin).netloc == request.host:
            return
        raise web.HTTPForbidden(text="frames are for the viewer's own page; --viewer.origins names others")

    def may_control(self, request: web.Request) -> bool:
        """Whether who asks may change the run, or only look.

        Raises:
            HTTPForbidden: neither.
        """
        if not self._settings.has_tokens:
            return True
        given = request.query.get("token", "").encode()
        if self._settings.token is not None and hmac.compare_digest(given, self._settings.token.encode()):
            return True
        if self._settings.read_token is not None and hmac.compare_digest(given, self._settings.read_token.encode()):
            return False
        raise web.HTTPForbidden(text="this viewer takes a token: open the address that the program printed, whole")


def _tls(settings: ViewerSettings) -> ssl.SSLContext | None:
    if settings.certificate is None or settings.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        raise ViewerError(
            f"viewer.certificate {settings.certificate} with viewer.key {settings.key} cannot be used: {error}; "
            "both are PEM files, and belong together"
        ) from error
    return context


def _host_name(host: str) -> str:
    """The name or address in a Host header, without brackets and port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address_of(name: str, request: web.Request) -> bool:
    """Whether it is the very address, in numbers, at which the request came in: nobody points a name's numbers."""
    socket_name = request.transport.get_extra_info("sockname") if request.transport else None
    try:
        return socket_name is not None and ipaddress.ip_address(name) == ipaddress.ip_address(socket_name[0])
    except ValueError:
        return False
