"""What users choose of DC/OS when they install or upgrade it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.dcos.config import IP_DETECT, Configuration, config, read_extra_config
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import DCOSVariant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dcos_docker_cli.model import Role

CONFIG = "config.yaml"
OWN = ("serve", "state")
"""What the installer itself makes in its directory `genconf`."""


@dataclass(frozen=True)
class Choices:
    """What users choose. The licence key and the security mode are for Enterprise; open DC/OS does not get them.

    The keys of `files` are their paths in the installer's directory `genconf`.
    """

    extra: Mapping[str, Any] = field(default_factory=dict)
    security_mode: str = ""
    license_key: Path | None = None
    ip_detect: Path = IP_DETECT
    files: Mapping[PurePosixPath, Path] = field(default_factory=dict)

    def check(self, variant: DCOSVariant | None) -> None:
        """Raise `UsageError` for what is not for this variant, and for what it would need and cannot be read."""
        if self.security_mode and variant is DCOSVariant.OSS:
            raise UsageError("Only DC/OS Enterprise has security modes, and this is open DC/OS.")
        if variant is not DCOSVariant.OSS:
            self._key()

    def _key(self) -> str:
        return _read_key(self.license_key) if self.license_key else ""

    def configuration(
        self, cluster_id: str, addresses: Mapping[Role, Sequence[str]], variant: DCOSVariant
    ) -> Configuration:
        """Return what the installer is given for these nodes; what users say themselves wins."""
        self.check(variant)
        chosen: dict[str, str] = {}
        if variant is DCOSVariant.ENTERPRISE:
            enterprise = {"security": self.security_mode, "license_key_contents": self._key()}
            chosen = {key: value for key, value in enterprise.items() if value}
        return Configuration(
            config(cluster_id, addresses, variant, {**chosen, **self.extra}), self.ip_detect, self.files
        )


def read_choices(
    *,
    extra_config: Path | None = None,
    security_mode: str | None = None,
    license_key: Path | None = None,
    genconf_dir: Path | None = None,
) -> Choices:
    """Read the files that users name; raise `UsageError` for what cannot be."""
    files = _files_of(genconf_dir) if genconf_dir else {}
    return Choices(
        extra=read_extra_config(extra_config) if extra_config else {},
        security_mode=security_mode or "",
        license_key=license_key,
        ip_detect=files.pop(PurePosixPath("ip-detect"), IP_DETECT),
        files=files,
    )


def _read_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The licence key {path} cannot be read: {getattr(error, 'strerror', 'it is no text')}."
        ) from None
    if not text:
        raise UsageError(f"There is nothing in the file of the licence key, {path}.")
    return text


def _files_of(directory: Path) -> dict[PurePosixPath, Path]:
    """Return what is in a directory for `genconf`, less what an installer has left there."""
    try:
        found = sorted(directory.iterdir())
    except OSError as error:
        raise UsageError(
            f"The directory {directory} cannot be read: {error.strerror}.",
            hint="Give --genconf-dir a directory with files for the installer, such as ip-detect.",
        ) from error
    if any(path.name == CONFIG for path in found):
        raise UsageError(
            f"There is a {CONFIG} in {directory}, and the cluster's own is made from its nodes.",
            hint=f"Take it out, and give the settings that you want: --extra-config {directory / CONFIG}",
        )
    return {PurePosixPath(path.name): path for path in found if path.name not in OWN}
