"""What every test shares."""

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Kernels compile on their first call; no test times anything.
settings.register_profile("sonolucent", deadline=None)
settings.load_profile("sonolucent")

# A shell starts what runs in its background deaf to Ctrl-C, and nohup deaf to a terminal that closes; so would be every
# program that a test interrupts.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings, or a skip that says where to put them."""
    folder = Path(os.environ.get("SONOLUCENT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}; set SONOLUCENT_DATA")
    return folder


if importlib.util.find_spec("torch") is None:
    # The same tests hold where torch is not installed; those of training, TorchScript and GPUs say why they do not run.

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
        report = yield
        if report.failed and "No module named 'torch'" in str(report.longrepr):
            report.outcome, report.longrepr = "skipped", (str(collector.path), 0, "Skipped: needs torch")
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
        try:
            return (yield)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            pytest.skip("needs torch")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(fixturedef: object) -> Iterator[None]:
        try:
            return (yield)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            pytest.skip("needs torch")
