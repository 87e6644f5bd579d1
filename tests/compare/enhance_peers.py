"""`make bench-peers`: a network on a CPU, in our fused kernels and in other people's inference engines.

    python tests/compare/enhance_peers.py [MODEL [ROUNDS]]

MODEL is the shipped light network by default. All run the same weights on the same frame, in single precision; where
the processor has instructions for bf16, our convolutions between channels, OpenVINO and PyTorch run in that too. First
every output is held against eager PyTorch, then they take turns, round after round. Prints a Markdown table of the
engines, each beside ours of its precision, and one of the rounds: how far apart the two cores were, and each engine's
time on two threads. Ours starts from dB and ends there, as does AOTInductor's package in our native stage; the others
are handed grey values 0..1 and hand back theirs.
"""

from __future__ import annotations

import copy
import io
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import ncnn
import numpy as np
import onnxruntime
import openvino
import pnnx
import torch
from numpy.typing import NDArray
from peers import executorch_xnnpack, round_trip

from sonolucent._core import InferenceStage
from sonolucent._fused import fused_kernels
from sonolucent.nn import Enhancer
from sonolucent.nn.export.aotinductor import write_package

SHAPE = (620, 256)
ROUND_S = 0.3
"""Each engine's share of a round, after one untimed frame. The same time for all, not the same number of frames: a core
that the machine takes away for ten milliseconds would be half of a fast engine's round and nothing in a slow one's."""
REST_S = 0.1
"""Before each engine: the threads of the one before may spin on for a while after its last frame."""
FEWEST_FRAMES = 3
OURS = "fused kernels"
HAS_BF16 = not fused_kernels(bf16=True)[0].startswith(("avx2", "portable"))
PRECISIONS = ("f32", "bf16") if HAS_BF16 else ("f32",)
TOLERANCE = 1e-4
RMS_TOLERANCE_OF_OTHERS = 5e-3
"""OpenVINO is off by 2e-3, and by 2.5e-2 in single pixels, in single precision and in its mode for accuracy: it makes
the same network, less exactly. The table tells."""
RMS_TOLERANCE_OF_BF16 = 2e-2

Image = NDArray[np.float32]


@dataclass
class Engine:
    """One row of the table: `run()` gives the enhanced grey values (n_z, n_x)."""

    name: str
    version: str
    threads: int
    run: Callable[[], Image]
    precision: str = "f32"
    error: float = 0.0
    rms_error: float = 0.0
    times_ms: list[float] = field(default_factory=list)


def main(model: str = "light-quadrant", rounds: str = "20") -> None:
    grey = np.clip(1 + 20 * np.log10(np.random.default_rng(0).rayleigh(0.1, SHAPE)) / 60, 0, 1).astype(np.float32)
    network = Enhancer(model).torch_module().eval()
    with torch.inference_mode():
        expected = network(torch.from_numpy(grey)[None, None])[0, 0].clamp(0, 1).numpy()
    makers = torch_engines, aotinductor_engines, executorch_engines, openvino_engines, onnx_engines, ncnn_engines
    engines = [*ours(model, grey), *(engine for make in makers for engine in make(network, grey))]
    for engine in engines:
        hold_to(expected, engine)
    program, trips_ns = round_trip.build(), []
    for _ in range(int(rounds)):
        trips_ns.append(round_trip.measured_ns(program))
        for engine in engines:
            engine.times_ms.append(time_ms(engine))
    print_table(engines, int(rounds))
    if not HAS_BF16:
        print("\nNothing in bf16: this processor has no instructions for it (avx512_bf16).")
    print_rounds(engines, trips_ns)


def hold_to(expected: Image, engine: Engine) -> None:
    """Notes how far off an engine is, and ends the program if it makes another network."""
    difference = np.clip(engine.run(), 0, 1) - expected
    engine.error, engine.rms_error = float(np.abs(difference).max()), float(np.sqrt(np.mean(difference**2)))
    if engine.precision == "bf16":
        holds = engine.rms_error < RMS_TOLERANCE_OF_BF16
    else:
        holds = engine.error < TOLERANCE if engine.name == OURS else engine.rms_error < RMS_TOLERANCE_OF_OTHERS
    if not holds:
        sys.exit(f"{engine.name} does not compute what eager PyTorch does: off by {engine.error:.1e}")


def ours(model: str, grey: Image) -> Iterator[Engine]:
    image_db, out = 60 * (grey - 1), np.empty(SHAPE, np.float32)
    for precision in PRECISIONS:
        for threads in (1, 2):
            backend = "fused-bf16" if precision == "bf16" else None
            enhance = Enhancer(model, threads=threads, backend=backend, grain="off")
            run = lambda e=enhance: e(image_db, out) / 60 + 1  # noqa: E731
            yield Engine(OURS, version("sonolucent"), threads, run, precision)


def torch_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    image = torch.from_numpy(grey)[None, None]
    frozen = torch.jit.freeze(torch.jit.script(network))
    for name, module in (("PyTorch eager", network), ("TorchScript, frozen", frozen)):
        for threads in (1, 2):

            def run(module: Callable[[torch.Tensor], torch.Tensor] = module, threads: int = threads) -> Image:
                torch.set_num_threads(threads)
                with torch.inference_mode():
                    return module(image)[0, 0].numpy()

            yield Engine(name, torch.__version__, threads, run)
    if HAS_BF16:
        yield from torch_bf16_engines(network, grey)


def torch_bf16_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    """Convolutions of oneDNN in bf16 on channels that lie side by side, as it likes them best."""
    image = torch.from_numpy(grey)[None, None].to(memory_format=torch.channels_last)
    ready = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        traced = torch.jit.freeze(torch.jit.trace(ready, image, check_trace=False))
    for threads in (1, 2):

        def run(threads: int = threads) -> Image:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return traced(image)[0, 0].float().numpy()

        yield Engine("TorchScript, frozen", torch.__version__, threads, run, "bf16")


def aotinductor_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    image_db, out = 60 * (grey - 1), np.empty(SHAPE, np.float32)
    folder = tempfile.TemporaryDirectory()
    for threads in (1, 2):
        torch.set_num_threads(threads)  # compiled in
        package = Path(folder.name) / f"{threads}.pt2"
        write_package(network, package, SHAPE)
        stage = InferenceStage(str(package), threads=threads)

        def run(stage: InferenceStage = stage, _files: object = folder) -> Image:
            stage.run(image_db, out)
            return out / 60 + 1

        yield Engine("AOTInductor", torch.__version__, threads, run)


def executorch_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    image = grey.reshape(1, 1, *SHAPE)  # new axes would have strides of 0, which it refuses
    program = executorch_xnnpack.program_of(network, torch.from_numpy(image))
    for threads in (1, 2):
        run = executorch_xnnpack.started(program, image, threads)
        if np.isnan(run()).any():
            print(f"ExecuTorch {version('executorch')} is left out: of this frame its kernels of norms make NaN\n")
            return
        yield Engine("ExecuTorch", version("executorch"), threads, run)


def openvino_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    image = grey[None, None]
    model = openvino.convert_model(network, example_input=torch.from_numpy(image), input=[image.shape])
    for precision in PRECISIONS:
        for threads in (1, 2):
            options = {
                "INFERENCE_NUM_THREADS": threads,
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "LATENCY",
            }
            compiled = openvino.Core().compile_model(model, "CPU", options)
            used = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
            if used != precision:
                sys.exit(f"OpenVINO was asked for {precision} and runs in {used}")
            run = lambda c=compiled: c(image)[0][0, 0]  # noqa: E731
            yield Engine("OpenVINO", openvino.__version__.split("-")[0], threads, run, precision)


def onnx_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    image, file = grey[None, None], io.BytesIO()
    torch.onnx.export(network, (torch.from_numpy(image),), file, input_names=["image"], dynamo=False)
    for threads in (1, 2):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
        run = lambda s=session: s.run(None, {"image": image})[0][0, 0]  # noqa: E731
        yield Engine("ONNX Runtime", onnxruntime.__version__, threads, run)


def ncnn_engines(network: torch.nn.Module, grey: Image) -> Iterator[Engine]:
    """By pnnx, which turns no reflecting pad into a layer: ncnn is handed an image that is padded already."""
    n_z, n_x = grey.shape
    padded = np.pad(grey, [(0, -n_z % network.stride), (0, -n_x % network.stride)], mode="reflect")
    folder = tempfile.TemporaryDirectory()
    with patch("sonolucent.nn.unet.F.pad", lambda image, *_, **__: image):
        pnnx.export(network, f"{folder.name}/light.pt", (torch.from_numpy(padded)[None, None],))
    for threads in (1, 2):
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
        net.load_param(f"{folder.name}/light.ncnn.param")
        net.load_model(f"{folder.name}/light.ncnn.bin")

        def run(net: ncnn.Net = net, _files: object = folder) -> Image:
            with net.create_extractor() as extractor:
                extractor.input("in0", ncnn.Mat(padded[None]).clone())
                _, image = extractor.extract("out0")
                return np.array(image)[0, :n_z, :n_x]

        yield Engine("ncnn", version("ncnn"), threads, run)


def time_ms(engine: Engine) -> float:
    time.sleep(REST_S)
    engine.run()
    frames, begun, taken_s = 0, time.perf_counter(), 0.0
    while frames < FEWEST_FRAMES or taken_s < ROUND_S:
        engine.run()
        frames, taken_s = frames + 1, time.perf_counter() - begun
    return 1e3 * taken_s / frames


def print_table(engines: list[Engine], rounds: int) -> None:
    own = {(engine.precision, engine.threads): engine.times_ms for engine in engines if engine.name == OURS}
    print("| | | version | threads | median ms | best..worst | times ours, median (worst round) | error (rms) |")
    print("|---|---|---|---|---|---|---|---|")
    for e in engines:
        ratios = [theirs / mine for theirs, mine in zip(e.times_ms, own[e.precision, e.threads], strict=True)]
        span, ratio = f"{min(e.times_ms):.1f}..{max(e.times_ms):.1f}", statistics.median(ratios)
        print(
            f"| {e.name} | {e.precision} | {e.version} | {e.threads} | {statistics.median(e.times_ms):.1f} | {span} "
            f"| {ratio:.1f} ({min(ratios):.1f}) | {e.error:.0e} ({e.rms_error:.0e}) |"
        )
    print(f"\n{rounds} rounds of {ROUND_S} s an engine, each after {REST_S} s of rest.")
    print(f"Python {platform.python_version()}.")


def print_rounds(engines: list[Engine], trips_ns: list[float]) -> None:
    """Each round: the round trip between the cores, and milliseconds a frame on two threads."""
    both = [engine for engine in engines if engine.threads == 2]
    print("\n| round trip, ns | " + " | ".join(f"{engine.name}, {engine.precision}" for engine in both) + " |")
    print("|---" * (len(both) + 1) + "|")
    for i, trip_ns in enumerate(trips_ns):
        print(f"| {trip_ns:.0f} | " + " | ".join(f"{engine.times_ms[i]:.1f}" for engine in both) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
