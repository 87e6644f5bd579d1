"""Whose folder an ipc socket lies in."""

import os
from pathlib import Path

import pytest

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.transport.sockets import check_endpoint


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_no_socket_is_put_where_others_can_put_theirs(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(EdgeError, match="other users can write to"):
        check_endpoint(f"ipc://{tmp_path}/edge", None)


def test_a_name_without_a_file_is_refused() -> None:
    with pytest.raises(EdgeError, match="can be taken by every user"):
        check_endpoint("ipc://@edge", None)


def test_a_folder_of_ones_own_will_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    check_endpoint(f"ipc://{tmp_path}/edge", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(EdgeError, match="other users can write to"):
        check_endpoint(f"ipc://{tmp_path}/edge", None)
