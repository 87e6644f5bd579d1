"""A recorder that is told to begin and to stop: files, counts, failures."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings, Probe
from sonolucent.stream import Channels, Config, ConfigError, EdgeCounts, Image, Stream, Trail
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.control.orders import Record, SwapModel, Tell, Told
from sonolucent.stream.control.requests import RecordRequest
from sonolucent.stream.errors import OutputError, RecordingFailed
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sinks.recorder import EDGE, Recorder
from sonolucent.stream.sinks.sink import SinkEnd
from sonolucent.stream.sinks.told_recorder import FAILED, ToldRecorder
from sonolucent.stream.transport.edge import Edge

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid(0.0, 1e-3, 1e-4, 1e-4, 5, 6), 25.0)
CONTROLLED = Config(control=0)
RAW, IMAGES = Edge("source", "recorder"), Edge("enhance", "recorder")


def image(i: int) -> Image:
    return Image(i, np.full((1, 5, 6), -i, np.float32), 60.0, trail=Trail.begin())


def channels(i: int) -> Channels:
    return Channels(i, np.full(STREAM.acquisition.shape, i, np.int16), 0, Trail.begin())


def tell(recorder: ToldRecorder, **request: object) -> Told:
    told = recorder.obey(Record(RecordRequest(**request)))  # type: ignore[arg-type]
    assert isinstance(told, Told)
    return told


def test_a_run_that_ends_waits_for_a_recording_that_was_told_to_stop_a_moment_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, begun = ToldRecorder(CONTROLLED, STREAM, StageReport({})), threading.Event()
    plain = Recorder.close

    def slow(self: Recorder, edges: dict[str, EdgeCounts]) -> SinkEnd:
        begun.set()
        time.sleep(0.3)
        return plain(self, edges)

    monkeypatch.setattr(Recorder, "close", slow)
    tell(recorder, on=True, file=str(tmp_path / "a.h5"))
    for i in range(3):
        recorder.write(image(i))
    stopping = threading.Thread(target=tell, args=(recorder,), kwargs={"on": False})
    stopping.start()
    assert begun.wait(20)
    counts = recorder.close({}).edges[EDGE]
    stopping.join()
    assert (counts.acquired, counts.delivered, counts.balanced) == (3, 3, True)
    assert recorder.recorded == (str(tmp_path / "a.h5"),)
    with pytest.raises(ConfigError, match="the run is ending"):
        tell(recorder, on=True, file=str(tmp_path / "late.h5"))
    assert not (tmp_path / "late.h5").exists()


def test_it_takes_nothing_until_it_is_told_and_after_it_is_told_to_stop(tmp_path: Path) -> None:
    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    assert (recorder.wants(RAW), recorder.wants(IMAGES), recorder.obey(Tell())) == (False, False, Told())
    assert recorder.obey(SwapModel("cpu")) is False
    recorder.write(image(0))
    for name, raw in (("a.h5", False), ("b.h5", True)):
        begun = tell(recorder, on=True, file=str(tmp_path / name), note=f"note of {name}", channels=raw)
        assert begun.recording is not None
        assert begun.recording.file == str(tmp_path / name)
        assert (recorder.wants(RAW), recorder.wants(IMAGES)) == (raw, True)
        recorder.write(image(1))
        recorder.write(image(2))
        if raw:
            recorder.write(channels(2))
        assert recorder.obey(Tell()).recording.frames == 2  # type: ignore[union-attr]
        assert tell(recorder, on=False).file == str(tmp_path / name)
        kept = Recording(tmp_path / name)
        assert (kept.n_images, len(kept), kept.note) == (2, int(raw), f"note of {name}")
        assert [kept.image(i).frame_id for i in range(2)] == [1, 2]
    recorder.write(image(9))
    assert recorder.open_file == ""
    end = recorder.close({})
    assert end.edges == {EDGE: EdgeCounts(5, 5)}
    assert recorder.recorded == (str(tmp_path / "a.h5"), str(tmp_path / "b.h5"))


def test_it_refuses_what_cannot_be_and_goes_on(tmp_path: Path) -> None:
    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    (tmp_path / "taken.h5").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="exists"):
        tell(recorder, on=True, file=str(tmp_path / "taken.h5"))
    with pytest.raises(ConfigError, match="nothing is being recorded"):
        tell(recorder, on=False)
    tell(recorder, on=True, file=str(tmp_path / "a.h5"))
    with pytest.raises(ConfigError, match=r"a\.h5 is being recorded; stop that first"):
        tell(recorder, on=True, file=str(tmp_path / "b.h5"))
    tell(recorder, on=False)
    assert not (tmp_path / "b.h5").exists()


def test_without_a_name_it_is_named_after_the_time_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    for _ in range(3):
        tell(recorder, on=True)
        recorder.write(image(0))
        tell(recorder, on=False)
    assert len(list(tmp_path.glob("sonolucent-*.h5"))) == 3


def test_a_disk_that_fails_is_told_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(writer: RecordingWriter, frame: object) -> None:
        raise RecordingFailed("no space left")

    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    monkeypatch.setattr(RecordingWriter, "write", refuse)
    tell(recorder, on=True, file=str(tmp_path / "a.h5"))
    recorder.write(image(0))
    recorder._open[0]._thread.join()
    recorder.write(image(1))
    state = recorder.obey(Tell()).recording  # type: ignore[union-attr]
    assert (state.file, state.error) == (str(tmp_path / "a.h5"), "no space left")
    assert not recorder.wants(IMAGES)
    with pytest.raises(ConfigError, match="no space left"):
        tell(recorder, on=False)
    assert recorder.obey(Tell()) == Told()
    monkeypatch.undo()
    tell(recorder, on=True, file=str(tmp_path / "b.h5"))
    recorder.write(image(2))
    counts = recorder.close({}).edges[EDGE]
    assert counts.balanced
    assert (counts.delivered, counts.dropped[FAILED] >= 1) == (1, True)


def test_a_recording_from_the_start_that_fails_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(writer: RecordingWriter, frame: object) -> None:
        raise RecordingFailed("no space left")

    monkeypatch.setattr(RecordingWriter, "write", refuse)
    recorder = ToldRecorder(Config(control=0, record=str(tmp_path / "a.h5")), STREAM, StageReport({}))
    recorder.write(image(0))
    with pytest.raises(RecordingFailed, match="no space left"):
        recorder.close({})


def test_a_process_that_was_killed_while_it_recorded_goes_on_in_another_file(tmp_path: Path) -> None:
    first = tmp_path / "a.h5"
    writer = RecordingWriter(first, STREAM, channels=True, images=True, note="a cyst")
    writer.write(image(0))
    writer.flush({})
    cut_off = tmp_path / "cut.h5"
    cut_off.write_bytes(first.read_bytes())
    writer.close()
    past = StageReport({}, recorded=(str(cut_off),), open_file=str(cut_off))
    recorder = ToldRecorder(CONTROLLED, STREAM, past)
    assert (recorder.wants(RAW), recorder.wants(IMAGES)) == (True, True)
    recorder.write(image(1))
    assert recorder.close({}).edges == {EDGE: EdgeCounts(2, 2)}
    assert recorder.recorded == (str(cut_off), str(tmp_path / "cut-2.h5"))
    assert recorder.open_file == str(tmp_path / "cut-2.h5")
    assert Recording(tmp_path / "cut-2.h5").note == "a cyst"


def test_a_process_that_was_killed_while_it_waited_counts_on(tmp_path: Path) -> None:
    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    tell(recorder, on=True, file=str(tmp_path / "a.h5"))
    recorder.write(image(0))
    tell(recorder, on=False)
    again = ToldRecorder(CONTROLLED, STREAM, StageReport({}, recorded=recorder.recorded))
    assert again.counts() == {EDGE: EdgeCounts(1, 1)}
    assert again.recorded == (str(tmp_path / "a.h5"),)
    assert not again.wants(IMAGES)


def test_a_recording_has_the_settings_that_are_in_force_when_it_begins(tmp_path: Path) -> None:
    recorder = ToldRecorder(CONTROLLED, STREAM, StageReport({}))
    louder = STREAM.imaged(ImagingSettings(gain_db=3), 4)
    recorder.begin(louder)
    tell(recorder, on=True, file=str(tmp_path / "a.h5"))
    tell(recorder, on=False)
    assert Recording(tmp_path / "a.h5").imaging == {4: louder.imaging}


def test_leave_to_overwrite_is_for_the_file_that_the_run_was_started_with(tmp_path: Path) -> None:
    first, other = tmp_path / "first.h5", tmp_path / "other.h5"
    first.write_bytes(b"is to be replaced")
    other.write_bytes(b"is to be kept")
    config = Config(control=0, record=str(first), overwrite=True)
    recorder = ToldRecorder(config, STREAM, StageReport({}))
    recorder.write(image(0))
    tell(recorder, on=False)
    for file in (first, other):
        before = file.read_bytes()
        with pytest.raises(OutputError, match="exists"):
            tell(recorder, on=True, file=str(file))
        assert file.read_bytes() == before
    assert Recording(first).n_images == 1
