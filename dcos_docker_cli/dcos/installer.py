"""The installer file, read without running it.

It is a bash script, a line `#EOF#`, and a plain tar with one member, `dcos-genconf.<tag>.tar`. Its second line may say
its variant.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dcos_docker_cli.exceptions import InvalidInstallerError
from dcos_docker_cli.model import DCOSVariant

if TYPE_CHECKING:
    from pathlib import Path

MARKER = b"\n#EOF#\n"
SCRIPT_LIMIT = 1 << 20
"""Bytes in which the marker must come. Real scripts have some four thousand."""
MEMBER = re.compile(r"dcos-genconf\..+\.tar")
TAR_END_BYTES = 1024
WHERE_TO_GET_ONE = (
    "Give the path of a dcos_generate_config.sh, or make one to try with: dcos-docker sample-installer PATH"
)
TRUNCATED_HINT = "Download it again; a whole DC/OS installer has 0.8 to 2 GB."


@dataclass(frozen=True)
class Installer:
    """A file that has the form of a whole installer. `variant` is None where its header does not tell."""

    path: Path
    variant: DCOSVariant | None

    def digest(self) -> str:
        """Return the SHA-256 of the whole file, which the caches are keyed by. Some half a second a gigabyte."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()


def read_installer(path: Path) -> Installer:
    """Look at an installer; raise `InvalidInstallerError` when it cannot be one or is cut short."""
    try:
        if path.is_dir():
            raise InvalidInstallerError(f"{path} is a directory, not a DC/OS installer.", hint=WHERE_TO_GET_ONE)
        if path.exists() and not path.is_file():
            raise InvalidInstallerError(f"{path} is not a regular file.", hint=WHERE_TO_GET_ONE)
        with path.open("rb") as file:
            return _read(path, file)
    except FileNotFoundError:
        raise InvalidInstallerError(f"There is no file {path}.", hint=WHERE_TO_GET_ONE) from None
    except OSError as error:
        raise InvalidInstallerError(f"{path} cannot be read: {error.strerror}.") from error


def _read(path: Path, file: BinaryIO) -> Installer:
    script = file.read(SCRIPT_LIMIT)
    if not script.startswith(b"#!"):
        raise InvalidInstallerError(f"{path} is not a DC/OS installer: it is no script.", hint=WHERE_TO_GET_ONE)
    end = script.find(MARKER)
    if end < 0:
        raise InvalidInstallerError(
            f"{path} is not a DC/OS installer, or only its beginning: it has no #EOF# line.", hint=WHERE_TO_GET_ONE
        )
    _check_payload(path, file, start=end + len(MARKER))
    second_line = script.split(b"\n", 2)[1].decode(errors="replace").strip()
    return Installer(path, _variant(second_line))


def _check_payload(path: Path, file: BinaryIO, *, start: int) -> None:
    """Check that the tar's one member and the end of the tar are there."""
    size = file.seek(0, 2)
    file.seek(start)
    try:
        member = tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "strict")
    except (tarfile.TarError, ValueError) as error:
        raise InvalidInstallerError(
            f"{path} is not a whole DC/OS installer: no archive follows its #EOF# line.", hint=TRUNCATED_HINT
        ) from error
    if not MEMBER.fullmatch(member.name):
        raise InvalidInstallerError(
            f"{path} is not a DC/OS installer: its archive holds {member.name!r}.", hint=WHERE_TO_GET_ONE
        )
    blocks = -(-member.size // tarfile.BLOCKSIZE)
    wanted = start + tarfile.BLOCKSIZE * (1 + blocks) + TAR_END_BYTES
    if size < wanted:
        raise InvalidInstallerError(
            f"{path} is cut short: it has {size} bytes and must have {wanted} at least.", hint=TRUNCATED_HINT
        )


def _variant(second_line: str) -> DCOSVariant | None:
    match = re.fullmatch(r"#\s*variant:\s*(\S*)", second_line)
    if not match:
        return None
    return variant_of(match[1])


def variant_of(word: str) -> DCOSVariant | None:
    """Return what the installer's own word for its variant means; None for an unknown word."""
    words = {"": DCOSVariant.OSS, "None": DCOSVariant.OSS, "open": DCOSVariant.OSS, "ee": DCOSVariant.ENTERPRISE}
    return words.get(word)
