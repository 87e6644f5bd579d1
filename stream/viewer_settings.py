"""Who may look at the viewer's page, and from where."""

from __future__ import annotations

import ipaddress

import msgspec

_LEAST_TOKEN = 16


class ViewerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the viewer's page is served, and to whom (docs/reference/viewer.md).

    Args:
        controls: the page may change settings and the model, replay and record, where who looks at it may.
        host: the address that the page is served on. Any but this machine's own takes a token and a certificate.
        token: who has it in the page's address, as ?token=..., may look and control. Without any token everybody on
            this machine may.
        read_token: who has this one may look, and change nothing.
        certificate: a PEM file; the page is then served over https.
        key: the PEM file with the certificate's private key.
        hosts: further names that the page is reached by, such as that of a proxy.
        origins: further sites whose pages may show this one and take its frames, such as https://hub.example.org.
    """

    controls: bool = True
    host: str = "127.0.0.1"
    token: str | None = None
    read_token: str | None = None
    certificate: str | None = None
    key: str | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("viewer.certificate and viewer.key go together: two PEM files")
        for name in ("token", "read_token"):
            token = getattr(self, name)
            if token is not None and (len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable()):
                raise ValueError(f"viewer.{name} must be of {_LEAST_TOKEN} letters, digits or signs at least")
        if self.token is not None and self.token == self.read_token:
            raise ValueError("viewer.token and viewer.read_token must differ: one controls, the other does not")
        for origin in self.origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise ValueError(f"viewer.origins: {origin!r} is none; one looks like https://hub.example.org")
        if not self.is_on_loopback:
            self._require_protection()

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the page."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def has_tokens(self) -> bool:
        """Whether nobody looks without a token."""
        return self.token is not None or self.read_token is not None

    def url(self, host: str, port: int, token: str | None = None) -> str:
        """Of the page on a host and port."""
        place = f"[{host}]" if ":" in host else host
        return f"http{'s' if self.certificate else ''}://{place}:{port}/{f'?token={token}' if token else ''}"

    def _require_protection(self) -> None:
        missing = [
            *([] if self.has_tokens else ["a token (viewer.token, viewer.read_token)"]),
            *([] if self.certificate is not None else ["a TLS certificate (viewer.certificate, viewer.key)"]),
        ]
        if missing:
            raise ValueError(
                f"viewer.host {self.host} is beyond this machine, where anybody could look and listen in; that takes "
                f"{' and '.join(missing)} (docs/reference/viewer.md), or keep 127.0.0.1 and use an SSH tunnel"
            )
