"""A node, for programs that test DC/OS: commands, files, and what DC/OS is on it."""

from __future__ import annotations

import copy
import io
import logging
import sys
import threading
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import CalledProcessError, CompletedProcess
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.concurrency import interruptible
from dcos_docker_cli.dcos.build_info import DCOSBuildInfo, build_info
from dcos_docker_cli.dcos.config import given_configuration
from dcos_docker_cli.dcos.member import Member
from dcos_docker_cli.dcos.self_install import from_path, from_url, install_itself, upgrade_itself
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import DCOSVariant, Role, Transport
from dcos_docker_cli.progress import Logged, LoggedSteps, Printed
from dcos_docker_cli.transports import receiving, sending, variables
from dcos_docker_cli.transports.ssh import SSH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from subprocess import Popen

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport, Write

    GenconfFiles = Iterable[tuple[Path, Path]]
    """Pairs of a local path and a path below `/genconf`, where the installer sees the file."""

__all__ = ["DCOSBuildInfo", "DCOSVariant", "Node", "Output", "Role", "Transport"]

ROOT = "root"
logger = logging.getLogger(__name__)


class Output(Enum):
    """What becomes of a command's output."""

    CAPTURE = "capture"
    """It is in the result."""
    LOG_AND_CAPTURE = "log and capture"
    """It is in the result, and logged at debug level line by line as it comes."""
    NO_CAPTURE = "no capture"
    """It goes where this program's own output goes, as it comes."""

    def progress(self) -> Progress:
        """Return what an operation that runs an installer is to tell its steps to."""
        if self is Output.NO_CAPTURE:
            return Printed()
        return Logged() if self is Output.LOG_AND_CAPTURE else LoggedSteps()


class Node:
    """A machine that is, or is to be, a node of DC/OS. Two objects are equal when their addresses are."""

    def __init__(
        self,
        public_ip_address: IPv4Address | str,
        private_ip_address: IPv4Address | str,
        default_user: str | None = None,
        ssh_key_path: Path | None = None,
        default_transport: Transport = Transport.SSH,
    ) -> None:
        """Describe a machine; nothing is contacted.

        It is reached at its public address; other nodes reach it at its private one. `default_user` is who logs in,
        root if nobody else is named. Who is not root must be able to become it with `sudo` and no password.
        """
        self.public_ip_address = IPv4Address(public_ip_address)
        self.private_ip_address = IPv4Address(private_ip_address)
        self.default_user = default_user or ROOT
        self._names_no_user = default_user is None
        self.default_transport = default_transport
        self._ssh_key_path = ssh_key_path
        self._ssh: SSH | None = None
        self._lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self._addresses == other._addresses

    def __hash__(self) -> int:
        return hash(self._addresses)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.public_ip_address}, {self.private_ip_address})"

    def __str__(self) -> str:
        return str(self.public_ip_address)

    @property
    def _addresses(self) -> tuple[IPv4Address, IPv4Address]:
        return self.public_ip_address, self.private_ip_address

    @property
    def ssh_key_path(self) -> Path:
        """The file with the private key for SSH; raises `UsageError` when the node has none."""
        if self._ssh_key_path is None:
            raise UsageError(f"There is no SSH key for the node {self}.", hint="Give one: Node(…, ssh_key_path=…)")
        return Path(self._ssh_key_path)

    # Commands

    def run(
        self,
        args: Sequence[str],
        user: str | None = None,
        output: Output = Output.CAPTURE,
        env: Mapping[str, str] | None = None,
        shell: bool = False,
        tty: bool = False,
        transport: Transport | None = None,
        sudo: bool = False,
    ) -> CompletedProcess[bytes]:
        """Run a command, by default as `default_user`; raise `subprocess.CalledProcessError` when it does not end 0.

        With `shell` the arguments, joined by spaces, are a line for the node's `sh`. With `tty` the command has a
        terminal, and all its output is stdout. With `sudo` it is root's. Result and error have both streams as bytes,
        None with `Output.NO_CAPTURE`.
        """
        who = user or self.default_user
        way = self._way(transport)
        command, to_pass = _command(way, args, env, shell=shell, sudo_from=who if sudo and who != ROOT else "")
        out, err = _Receiver(output, sys.stdout), _Receiver(output, sys.stderr)
        code = way.stream(command, stdout=out.write, stderr=err.write, env=to_pass, user=who, tty=tty)
        stdout, stderr = out.end(), err.end()
        if code != 0:
            raise CalledProcessError(code, list(args), stdout, stderr)
        return CompletedProcess(list(args), code, stdout, stderr)

    def popen(
        self,
        args: Sequence[str],
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        shell: bool = False,
        transport: Transport | None = None,
        sudo: bool = False,
    ) -> Popen[bytes]:
        """Begin a command; return a local process whose streams, all of them pipes, and exit code are the command's.

        Ending the local process does not end the command on the node.
        """
        who = user or self.default_user
        way = self._way(transport)
        command, to_pass = _command(way, args, env, shell=shell, sudo_from=who if sudo and who != ROOT else "")
        return way.popen(command, env=to_pass, user=who)

    # Files

    def send_file(
        self,
        local_path: Path | str,
        remote_path: Path | str,
        user: str | None = None,
        transport: Transport | None = None,
        sudo: bool = False,
    ) -> None:
        """Send a file or a directory so that it is `remote_path`; directories on the way are made.

        What is new belongs to `user` (root with `sudo`), and has the mode that it has here. A file that is there is
        overwritten and keeps its owner; a directory is filled up, and stays as it is otherwise. Raises `ValueError`
        without the local file, and for a file in the place of a directory or the other way round.
        """
        who = user or self.default_user
        prefix = SUDO if sudo and who != ROOT else ()
        sending.send(self._way(transport), Path(local_path), str(remote_path), user=who, prefix=prefix)

    def download_file(
        self,
        remote_path: Path | str,
        local_path: Path | str,
        transport: Transport | None = None,
        user: str | None = None,
        sudo: bool = False,
    ) -> None:
        """Fetch a file or a directory so that it is `local_path`, and belongs to who runs this program.

        Raises `ValueError` without the remote file, and when there is anything at `local_path`.
        """
        who = user or self.default_user
        prefix = SUDO if sudo and who != ROOT else ()
        kind = transport or self.default_transport
        interruptible(
            lambda cancellation: receiving.receive(
                self._transport(kind, cancellation), str(remote_path), Path(local_path), user=who, prefix=prefix
            )
        )

    # DC/OS

    def dcos_build_info(self) -> DCOSBuildInfo:
        """Return which DC/OS is installed; raise `DCOSNotInstalledError` when none is."""
        return build_info(self.member(Role.MASTER))

    def install_dcos_from_path(
        self,
        dcos_installer: Path | str,
        dcos_config: Mapping[str, Any],
        ip_detect_path: Path,
        role: Role,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
        output: Output = Output.CAPTURE,
    ) -> None:
        """Install DC/OS on this node alone, by running the installer on it; it must have Docker.

        `bootstrap_url` of the configuration is replaced, for the node serves itself.
        """
        configuration = given_configuration(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir)
        install_itself(self.member(role), from_path(Path(dcos_installer)), configuration, output.progress())

    def install_dcos_from_url(
        self,
        dcos_installer: str,
        dcos_config: Mapping[str, Any],
        ip_detect_path: Path,
        role: Role,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
        output: Output = Output.CAPTURE,
    ) -> None:
        """Install DC/OS as `install_dcos_from_path` does, with an installer that the node downloads."""
        configuration = given_configuration(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir)
        install_itself(self.member(role), from_url(dcos_installer), configuration, output.progress())

    def upgrade_dcos_from_path(
        self,
        dcos_installer: Path | str,
        dcos_config: Mapping[str, Any],
        ip_detect_path: Path,
        role: Role,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
        output: Output = Output.CAPTURE,
    ) -> None:
        """Upgrade DC/OS on this node alone, by running the installer on it; see `install_dcos_from_path`."""
        configuration = given_configuration(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir)
        upgrade_itself(self.member(role), from_path(Path(dcos_installer)), configuration, output.progress())

    def upgrade_dcos_from_url(
        self,
        dcos_installer: str,
        dcos_config: Mapping[str, Any],
        ip_detect_path: Path,
        role: Role,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
        output: Output = Output.CAPTURE,
    ) -> None:
        """Upgrade DC/OS as `upgrade_dcos_from_path` does, with an installer that the node downloads."""
        configuration = given_configuration(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir)
        upgrade_itself(self.member(role), from_url(dcos_installer), configuration, output.progress())

    # For this package

    def member(self, role: Role, cancellation: Cancellation | None = None) -> Member:
        """Return the node as the steps that concern DC/OS see it; `cancellation` stops what they do."""
        return Member(str(self), role, str(self.private_ip_address), self._transport(Transport.SSH, cancellation))

    def with_default_user(self, user: str | None) -> Node:
        """Return the node with this user where it names none itself."""
        if user is None or not self._names_no_user:
            return self
        other = copy.copy(self)
        other.default_user, other._ssh, other._lock = user, None, threading.Lock()
        return other

    def close(self) -> None:
        """Close what connections there are; the next use opens new ones."""
        with self._lock:
            ssh, self._ssh = self._ssh, None
        if ssh:
            ssh.close()

    @property
    def _login(self) -> str:
        """Who logs in by SSH; who a command is for is another matter."""
        return self.default_user

    def _way(self, transport: Transport | None) -> NodeTransport:
        return self._transport(transport or self.default_transport)

    def _transport(self, transport: Transport, cancellation: Cancellation | None = None) -> NodeTransport:
        """Return the way to the node; raise `UsageError` for one that it does not have."""
        if transport is not Transport.SSH:
            raise UsageError(f"The node {self} is no container of ours: it is reached by SSH alone.")
        with self._lock:
            if self._ssh is None or self._ssh.login != self._login:
                self._ssh = SSH(
                    str(self.public_ip_address),
                    login=self._login,
                    key_path=self.ssh_key_path,
                    proxy_command=self._ssh_proxy(),
                )
            ssh = self._ssh
        return ssh.for_operation(cancellation) if cancellation else ssh

    def _ssh_proxy(self) -> str:
        """Return a command whose streams lead to the node's SSH server, where its address does not."""
        return ""


SUDO = ("sudo", "-n", "--")


def _command(
    way: NodeTransport, args: Sequence[str], env: Mapping[str, str] | None, *, shell: bool, sudo_from: str
) -> tuple[list[str], Mapping[str, str] | None]:
    """Return what is to be run, and with which variables.

    sudo, which is used by `sudo_from` if that is anybody, does not let any through, so they go after it. It logs its
    arguments.
    """
    if isinstance(args, (str, bytes)) or not args:
        raise UsageError(f"A command is a list of its words, not {args!r}.", hint='As in: node.run(["ls", "-l"])')
    words = [str(arg) for arg in args]
    command = ["sh", "-c", " ".join(words)] if shell else words
    if not sudo_from:
        return command, env
    content = variables.hidden(env or {})
    plain = ["env", *variables.seen(env or {}), *command]
    if not content:
        return [*SUDO, *plain], None
    kept = variables.keep(way, content, user=sudo_from, prefix=SUDO)
    return [*SUDO, "sh", "-c", variables.RUN, "sh", kept, *plain], None


def _log_line(line: bytes) -> None:
    logger.debug("%s", line.decode(errors="replace").rstrip("\r"))


class _Receiver:
    """Takes one stream of a command's output."""

    def __init__(self, output: Output, stream: Any) -> None:
        self._output = output
        self._stream = stream
        self._all = io.BytesIO()
        self._line = io.BytesIO()

    @property
    def write(self) -> Write:
        """What gets the output as it comes."""
        if self._output is Output.NO_CAPTURE:
            return self._pass_on
        return self._log if self._output is Output.LOG_AND_CAPTURE else self._keep

    def end(self) -> bytes | None:
        """Return all of it; None when it was passed on."""
        if self._line.tell():
            _log_line(self._line.getvalue())
        return None if self._output is Output.NO_CAPTURE else self._all.getvalue()

    def _keep(self, data: bytes) -> None:
        self._all.write(data)

    def _log(self, data: bytes) -> None:
        self._keep(data)
        *ends, begin = data.split(b"\n")
        for end in ends:
            self._line.write(end)
            _log_line(self._line.getvalue())
            self._line = io.BytesIO()
        self._line.write(begin)

    def _pass_on(self, data: bytes) -> None:
        binary = getattr(self._stream, "buffer", None)
        if binary is None:  # a stream of text alone, as a test suite may put in place
            self._stream.write(data.decode(errors="replace"))
        else:
            self._stream.flush()
            binary.write(data)
        self._stream.flush()
