"""Keys for sockets that leave this machine: CURVE (ZeroMQ RFC 26), and who is admitted (RFC 27).

The end that receives frames is the server: it admits the clients whose public keys it lists. The end that sends them,
a scanner or a stage, is the client: it talks to the holder of the server's secret key alone. Which end binds does not
matter.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq
from zmq.utils import z85

from sonolucent.stream.errors import ConfigError

_DOMAIN = b"sonolucent"
_ZAP_ENDPOINT = "inproc://zeromq.zap.01"
_POLL_MS = 100
_KEY_CHARACTERS = 40
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keys:
    """A folder of keys: `server.public`, `server.secret`, `client.public`, `client.secret`, and, of the clients that
    the server admits, `clients/*.public`. Each file holds one key in Z85, 40 characters.
    """

    folder: Path

    @classmethod
    def of(cls, folder: str | None) -> Keys | None:
        """The keys of a configuration, if it names a folder of them."""
        return None if folder is None else cls(Path(folder))

    def secure_sender(self, socket: zmq.Socket[bytes]) -> None:
        """Makes a socket the client: needs `server.public` and both parts of `client`.

        Raises:
            ConfigError: a key is missing, broken, or can be read by others.
        """
        socket.curve_serverkey = self._read("server.public")
        socket.curve_publickey = self._read("client.public")
        socket.curve_secretkey = self._read("client.secret")

    def secure_receiver(self, socket: zmq.Socket[bytes]) -> None:
        """Makes a socket the server: needs `server.secret`, and within `authenticating` lets listed clients in.

        Raises:
            ConfigError: a key is missing, broken, or can be read by others.
        """
        socket.curve_server = True
        socket.curve_secretkey = self._read("server.secret")
        socket.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN)
        # Without this, libzmq admits everybody when no authenticator runs.
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)

    def admit(self, client: bytes) -> bool:
        """Whether a public key, in Z85, is listed now."""
        listed = sorted(self.folder.glob("clients/*.public"))
        return any(self._read(str(path.relative_to(self.folder))) == client for path in listed)

    def _read(self, name: str) -> bytes:
        path = self.folder / name
        try:
            key = path.read_bytes().strip()
        except OSError as error:
            hint = "`sonolucent keys FOLDER` makes keys; docs/how-to/security.md says which of them belong where"
            raise ConfigError(f"key {path}: {error.strerror}; {hint}") from error
        if name.endswith(".secret") and path.stat().st_mode & 0o077:
            raise ConfigError(f"key {path} can be read by others; chmod 600 it, or better make new keys")
        try:
            z85.decode(key)
        except (ValueError, KeyError, struct.error) as error:
            raise ConfigError(f"key {path} is none: a key is {_KEY_CHARACTERS} characters of Z85") from error
        if len(key) != _KEY_CHARACTERS:
            raise ConfigError(f"key {path} is none: a key is {_KEY_CHARACTERS} characters of Z85, this has {len(key)}")
        return key


def make_keys(folder: Path) -> list[Path]:
    """Makes a server's and a client's key pair, and lists the client; the files.

    Raises:
        ConfigError: the folder holds keys already, or cannot be written.
    """
    server_public, server_secret = zmq.curve_keypair()
    client_public, client_secret = zmq.curve_keypair()
    keys = {
        "server.public": server_public,
        "server.secret": server_secret,
        "client.public": client_public,
        "client.secret": client_secret,
        "clients/client.public": client_public,
    }
    files = [folder / name for name in keys]
    there = [file for file in files if file.exists()]
    if there:
        raise ConfigError(f"{there[0]} exists; keys are never overwritten: choose another folder")
    try:
        (folder / "clients").mkdir(parents=True, exist_ok=True)
        for file, key in zip(files, keys.values(), strict=True):
            mode = 0o600 if file.suffix == ".secret" else 0o644
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
                opened.write(key + b"\n")
    except OSError as error:
        raise ConfigError(f"{folder}: keys cannot be written: {error.strerror}") from error
    return files


@contextmanager
def authenticating(context: zmq.Context[zmq.Socket[bytes]], keys: Keys | None) -> Iterator[None]:
    """Within, the context's servers admit clients by their keys (ZeroMQ's authentication protocol, ZAP, RFC 27)."""
    if keys is None:
        yield
        return
    over = threading.Event()
    requests = context.socket(zmq.REP)
    requests.setsockopt(zmq.LINGER, 0)
    requests.bind(_ZAP_ENDPOINT)
    thread = threading.Thread(target=_authenticate, args=(requests, keys, over), name="authenticator", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        requests.close()


def _authenticate(requests: zmq.Socket[bytes], keys: Keys, over: threading.Event) -> None:
    warned = False
    while not over.is_set():
        if not requests.poll(_POLL_MS):
            continue
        _version, request, _domain, address, _identity, _mechanism, *credentials = requests.recv_multipart()
        refusal = _refusal(keys, credentials)
        if refusal and not warned:
            _log.warning("%s turned away: %s", address.decode(), refusal)
            warned = True
        verdict = [b"400", b"not listed"] if refusal else [b"200", b"OK"]
        requests.send_multipart([b"1.0", request, *verdict, b"", b""])


def _refusal(keys: Keys, credentials: list[bytes]) -> str:
    """Why a client is not admitted; empty if it is."""
    client = z85.encode(credentials[0]) if credentials else b""
    try:
        return "" if keys.admit(client) else f"{keys.folder / 'clients'} lists no key {client.decode()}"
    except (ConfigError, OSError) as error:  # it must outlive them: the next one may be let in
        return str(error)
