"""A scanner's side of docs/wire.md, without Sonolucent: `python examples/scanner_client.py tcp://127.0.0.1:5555 100`.

Streams noise, shot by shot; `sonolucent run --source tcp://127.0.0.1:5555 --view` shows it. A third argument names a
folder of keys (docs/how-to/security.md), with which the stream is encrypted.
"""

import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import zmq

N_ELEMENTS, N_SAMPLES = 16, 512
# A run whose cable is out is given up after seven seconds, and holds no frames any more.
KEEPALIVE = {zmq.TCP_KEEPALIVE: 1, zmq.TCP_KEEPALIVE_IDLE: 1, zmq.TCP_KEEPALIVE_INTVL: 1, zmq.TCP_KEEPALIVE_CNT: 6}
endpoint, n_frames = sys.argv[1], int(sys.argv[2])
probe = {"n_elements": N_ELEMENTS, "pitch_m": 0.3e-3, "element_width_m": 0.27e-3, "center_frequency_hz": 5e6}
acquisition = {"probe": probe, "tx_elements": list(range(N_ELEMENTS)), "n_samples": N_SAMPLES}
stream = {"kind": "stream", "session": time.time_ns(), "next_frame_id": 0, "frame_rate_hz": 25.0}
rng = np.random.default_rng()

with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
    socket.setsockopt(zmq.SNDHWM, 2 * N_ELEMENTS)
    socket.setsockopt(zmq.MAXMSGSIZE, 1 << 16)  # readers say little; a stranger's large part would be kept
    for option, value in KEEPALIVE.items():
        socket.setsockopt(option, value)
    for keys in map(Path, sys.argv[3:]):
        socket.curve_serverkey = (keys / "server.public").read_bytes().strip()
        socket.curve_publickey = (keys / "client.public").read_bytes().strip()
        socket.curve_secretkey = (keys / "client.secret").read_bytes().strip()
    socket.bind(endpoint)

    def send(header: dict[str, object], payload: bytes = b"") -> None:
        socket.send_multipart([b"SNLU\x01\x00" + msgspec.msgpack.encode(header), payload])

    for frame_id in range(n_frames):
        if frame_id % 25 == 0:
            send({**stream, "next_frame_id": frame_id, "acquisition": {**acquisition, "sampling_frequency_hz": 25e6}})
        for tx in range(N_ELEMENTS):
            shot = rng.normal(0, 1000, (1, N_ELEMENTS, N_SAMPLES)).astype("<i2")
            header = {"kind": "channels", "frame_id": frame_id, "first_tx": tx, "dtype": "<i2", "shape": shot.shape}
            send(header, shot.tobytes())
        time.sleep(1 / 25)
    send({"kind": "end", "frames": n_frames})
