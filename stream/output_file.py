"""How every file that leaves the program is written: beside its place, and moved there when it is whole.

Nothing is overwritten unless it is asked for, and a failure or an interruption leaves nothing behind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonolucent.stream.errors import OutputError, OutputFailed, RecordingFailed


def require_free(path: Path, *, overwrite: bool = False) -> None:
    """Refuses an output before any work is done for it.

    Args:
        path: of a file that is to be written.
        overwrite: whether it may replace a file that is there.

    Raises:
        OutputError: it is a folder, its folder is missing or takes no files, or it exists and must not be overwritten.
    """
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {folder}; make it, or choose another name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: cannot be written: {folder} takes no new files; choose another folder")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a folder; give the name of a file")
    if not overwrite and os.path.lexists(path):
        raise OutputError(f"{path}: cannot be written: the file exists; choose another name, or --overwrite it")


def require_new_folder(path: Path) -> None:
    """Makes a folder where there is none, and refuses one that holds something.

    Raises:
        OutputError: it cannot be made, is a file, or is not empty.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a file; give the name of a new folder")
    try:
        path.mkdir(exist_ok=True)
        is_empty = not any(path.iterdir())
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}; give a folder that can be") from error
    if not is_empty:
        raise OutputError(f"{path}: cannot be written: it holds files; give the name of a new folder")


@contextmanager
def new_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Within, a draft is written to the path that this gives, which has the same suffix; then it is moved to `path`.

    Raises:
        OutputError: as `require_free`, at the beginning or when it is to be moved.
        OutputFailed: the disk refuses it.
    """
    require_free(path, overwrite=overwrite)
    draft = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield draft
        _publish(draft, path, overwrite=overwrite)
    except (OSError, RecordingFailed) as error:
        raise OutputFailed(
            f"{path}: cannot be written: {why_refused(error.__cause__ or error)}; nothing is left of it"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path, *, overwrite: bool) -> None:
    """Moves it; a file that has come there meanwhile is not overwritten either."""
    if overwrite:
        draft.replace(path)
        return
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        require_free(path)
        raise
    except OSError:  # a file system without hard links
        require_free(path)
        draft.rename(path)


def why_refused(error: BaseException) -> str:
    """Why the disk refused something, in the system's words and without the name of a draft, which nobody knows."""
    told = re.search(r"errno = (\d+)", str(error))  # HDF5 has it in its text alone
    number = getattr(error, "errno", None) or (int(told[1]) if told else None)
    return os.strerror(number) if number else str(error)
