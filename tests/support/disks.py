"""Small file systems of other kinds than the machine's own, in files on loop devices of this machine.

They are for what Docker on a node does with a disk of that kind, so the engine must be this machine's.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.elsewhere import is_remote
from tests.support.program import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BTRFS = ("mkfs.btrfs", "--quiet")
XFS = ("mkfs.xfs", "-q")
XFS_WITHOUT_TYPES = (*XFS, "-m", "crc=0", "-n", "ftype=0")
"""Without the types of files in directories (`d_type`), which Docker's overlay2 needs. New kernels do not mount it."""
EXT4_WITHOUT_TYPES = ("mkfs.ext4", "-q", "-O", "^filetype")
"""The same on a file system that every kernel mounts."""
MIB = 1 << 20
SIZE = 1024 * MIB
"""It is sparse: it takes what is written. XFS has at least 300 MiB, btrfs about 110."""
SECONDS = 60


@contextmanager
def disk(make: Sequence[str] = BTRFS, size: int = SIZE) -> Iterator[Path]:
    """Have a file system within the block, mounted at the path that it yields.

    The test is skipped where this machine cannot have one. Whatever happens, it is unmounted and its device freed.
    """
    kind = make[0].rpartition(".")[2]
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    if is_remote():
        pytest.skip("the disk would be one of this machine, and the engine is on another one")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        image, mounted = directory / "disk", directory / "mounted"
        with image.open("wb") as written:
            written.truncate(size)
        _run(*make, image)
        mounted.mkdir()
        device = _attach(image)
        stack.callback(_free, device)
        _mount(device, mounted, kind)
        stack.callback(_unmount, mounted)
        yield mounted


def _attach(image: Path) -> str:
    done = _try("losetup", "--find", "--show", image)
    if done.returncode != 0:
        pytest.skip(f"this machine gives no loop device: {done.stderr.strip()}")
    return done.stdout.strip()


def _mount(device: str, mounted: Path, kind: str) -> None:
    """Mount it, if the kernel has such file systems: XFS of this old form is an option that it may lack."""
    done = _try("mount", "-t", kind, device, mounted)
    if done.returncode != 0:
        pytest.skip(f"this machine does not mount this {kind}: {done.stderr.strip()}")


def _unmount(mounted: Path) -> None:
    """Unmount it; a container that has just been removed may hold it for a moment more."""
    try:
        eventually(lambda: _try("umount", mounted).returncode == 0, f"{mounted} can be unmounted", timeout=10)
    except AssertionError:
        _run("umount", "--lazy", mounted)
        raise


def _free(device: str) -> None:
    _run("losetup", "--detach", device)


def _run(*command: str | Path) -> None:
    done = _try(*command)
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"


def _try(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
