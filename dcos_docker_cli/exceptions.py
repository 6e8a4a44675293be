"""Everything that can go wrong, each with what to do next and the exit code of the command line.

DcosDockerError            1
├── UsageError             2    found before the engine is contacted
│   ├── InvalidInstallerError
│   └── InvalidConfigError
├── NotFoundError          4
│   ├── ClusterNotFoundError
│   ├── NodeNotFoundError
│   ├── SidecarNotFoundError
│   └── ImageNotFoundError
├── ClusterExistsError     5
├── SidecarExistsError     5
├── ClusterBusyError       1
├── ClusterDestroyedError  1
├── OtherVersionError      1
├── DCOSTimeoutError     124
├── EngineUnreachableError 125
│   └── EngineSilentError
├── NodeUnreachableError   1
├── EngineError            1    the engine refused a call
│   ├── EngineNotFoundError
│   └── EngineConflictError
├── PreflightError         1    found before anything is made
├── ImageError             1
├── NodeStartError         1
├── GenconfError           1
├── InstallError           1
├── CommandError           1
├── DownloadError          1
├── PathError              1    also a ValueError
├── ExistingNodesError     1
├── DCOSInstalledError     1
└── DCOSNotInstalledError  1
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

HIDDEN = "***"
PASSWORDS = (
    (re.compile(r"((?:https?|ftp)://)[^/\s?#'\"]*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"(://[^/\s:@?#'\"]*):[^/\s?#'\"]*@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"([?&][^=&\s?#]*(?:token|secret|password|signature|credential|auth|key|sig)[^=&\s?#]*=)[^&\s#'\"]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
"""Where URLs have a login or a token, and what is said in its place."""


def without_passwords(text: str) -> str:
    """Return a text with the URLs in it less their logins and tokens: others read what is said, in logs of CI too."""
    for pattern, replacement in PASSWORDS if "://" in text else ():
        text = pattern.sub(replacement, text)
    return text


class DcosDockerError(Exception):
    """A failure that the user can understand: what failed, the next step, and lines that show why."""

    exit_code = 1
    explained = False
    """Whether the hint has what its words point to already."""

    def __init__(self, message: str, hint: str = "", details: Iterable[str] = ()) -> None:
        message = without_passwords(message)
        super().__init__(message)
        self.message = message
        self.hint = without_passwords(hint)
        self.details = tuple(map(without_passwords, details))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be pickled, as pools of processes do, whatever a class takes to be made."""
        return _restored, (type(self), self.args, vars(self))

    def __str__(self) -> str:
        """Return all of it, for programs that show a traceback."""
        hint = [f"Next: {self.hint}"] if self.hint else []
        return "\n".join([self.message, *(f"  {line}" for line in self.details), *hint])


def _restored(kind: type[DcosDockerError], args: tuple[Any, ...], state: dict[str, Any]) -> DcosDockerError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class UsageError(DcosDockerError):
    """Something that was asked for cannot be; nothing that was made for it stays."""

    exit_code = 2


class InvalidInstallerError(UsageError):
    """The file is not a whole DC/OS installer."""


class InvalidConfigError(UsageError):
    """The extra configuration is not a YAML map."""


class NotFoundError(DcosDockerError):
    """There is no such thing."""

    exit_code = 4


class ClusterNotFoundError(NotFoundError):
    """No object of the engine carries this cluster id."""

    def __init__(self, cluster_id: str) -> None:
        super().__init__(f'There is no cluster "{cluster_id}".', hint="See what there is: dcos-docker list")


class NodeNotFoundError(NotFoundError):
    """The cluster has no such node."""


class ClusterExistsError(DcosDockerError):
    """The cluster id is taken, by a cluster or by what is left of one."""

    exit_code = 5

    def __init__(self, cluster_id: str) -> None:
        super().__init__(
            f'The cluster id "{cluster_id}" is in use.',
            hint=f"Choose another with --cluster-id, or remove it: dcos-docker destroy --cluster-id {cluster_id}",
        )


class SidecarNotFoundError(NotFoundError):
    """No sidecar holds a loop device under this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'There is no loopback sidecar "{name}".', hint="See what there is: dcos-docker list-loopback-sidecars"
        )


class ImageNotFoundError(NotFoundError):
    """The engine has no such node image."""

    def __init__(self, name: str) -> None:
        super().__init__(f'There is no node image "{name}".', hint="See what there is: dcos-docker image list")


class SidecarExistsError(DcosDockerError):
    """The name of a loopback sidecar is taken."""

    exit_code = 5

    def __init__(self, name: str) -> None:
        super().__init__(
            f'There is a loopback sidecar "{name}" already.',
            hint=f"Choose another name, or remove it: dcos-docker destroy-loopback-sidecar {name}",
        )


class ClusterBusyError(DcosDockerError):
    """Another create, install or upgrade of the same cluster is going on."""

    def __init__(self, cluster_id: str) -> None:
        super().__init__(
            f'DC/OS is being installed or upgraded on the cluster "{cluster_id}" already.',
            hint="Wait until that has ended. If it was killed: dcos-docker clean",
        )


class ClusterDestroyedError(DcosDockerError):
    """Somebody has removed the cluster, or a part of it, before it was all there."""

    def __init__(self, cluster_id: str) -> None:
        super().__init__(f'The cluster "{cluster_id}" was destroyed while it was being created.')


class OtherVersionError(DcosDockerError):
    """What it concerns was made by a version of the tool whose labels this one cannot read."""

    def __init__(self, what: str, schema: str = "") -> None:
        which = f"labels (schema {schema})" if schema else "labels"
        super().__init__(
            f"{what} was made by another version of dcos-docker, whose {which} this one cannot read. It is left alone.",
            hint="Upgrade dcos-docker, or use the version that made it.",
        )


class DCOSTimeoutError(DcosDockerError):
    """DC/OS was not ready in time; the details name what was not."""

    exit_code = 124


class EngineUnreachableError(DcosDockerError):
    """No Docker engine answers, or it went away."""

    exit_code = 125


class EngineSilentError(EngineUnreachableError):
    """The engine, or the way to it, is there, and nothing comes."""


class NodeUnreachableError(DcosDockerError):
    """There is no SSH connection to a node, or it was lost; the message has what ssh says."""


class EngineError(DcosDockerError):
    """The engine refused a call. ``status`` is the HTTP status of its answer."""

    def __init__(self, message: str, status: int, hint: str = "", details: Iterable[str] = ()) -> None:
        super().__init__(message, hint, details)
        self.status = status


class EngineNotFoundError(EngineError):
    """The engine has no such object (404)."""


class EngineConflictError(EngineError):
    """A name is taken, or the object is in use (409)."""


class PreflightError(DcosDockerError):
    """A check of the doctor finds what would keep the cluster from coming up; nothing was made."""


class ImageError(DcosDockerError):
    """The node image could not be made."""


class NodeStartError(DcosDockerError):
    """A node did not come up; the details are the end of its console."""


class GenconfError(DcosDockerError):
    """The installer refused the configuration, or failed; the details are its own lines."""


class InstallError(DcosDockerError):
    """DC/OS could not be installed on a node; the details are the end of the output."""


class CommandError(DcosDockerError):
    """A command that the tool ran on a node failed."""


class DownloadError(DcosDockerError):
    """A file could not be downloaded: an installer, or the Docker of nodes."""


class PathError(DcosDockerError, ValueError):
    """A file that is to be sent or fetched is not there, or something else is in the place where it is to go."""


class ExistingNodesError(DcosDockerError):
    """What was asked for needs nodes that were made by us, and these exist already."""


class DCOSInstalledError(DcosDockerError):
    """DC/OS is on the node already."""


class DCOSNotInstalledError(DcosDockerError):
    """DC/OS is not installed on the node."""


class Cancelled(BaseException):
    """The user asked to stop. Not an ``Exception``: nothing on the way up may take it for a failure."""
