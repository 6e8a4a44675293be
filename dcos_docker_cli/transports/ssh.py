"""Commands on a node by SSH, with the OpenSSH client.

OpenSSH because it is there wherever people log in to nodes, is maintained, carries streams through pipes without copies
in our memory, and honours the user's jump hosts. All commands of one `SSH` share one connection: an ssh process of its
own, the master, makes it at the first command, and each command is an ssh process that asks the master for a session.
"""

from __future__ import annotations

import copy
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.transports import variables
from dcos_docker_cli.transports.base import feeding, press_end
from dcos_docker_cli.transports.ssh_connection import Client, Connection, Process, environment, our_options, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dcos_docker_cli.transports.base import Feed, Write
    from dcos_docker_cli.transports.ssh_connection import Master

SERVER = ("/usr/sbin/sshd", "-i")
"""An SSH server for one connection, on its standard input and output."""
OWN_FAILURE = 255
"""What ssh ends with when it has failed itself; a command can end with it too."""
# ssh tells of a signal that ended the command only that there was one. So a shell waits for the command, and ends with
# what a shell makes of it; what shells say of a command that was killed is not the command's, and goes nowhere.
WAIT = 'trap : INT QUIT TERM; cd /; exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
# At LogLevel=DEBUG2 ssh says whether a 255 came from the command, by way of the master or of a connection of its own.
TOLD = re.compile(r"^debug\d: (Received exit status from master|Exit status) 255$", re.MULTILINE)
SESSION_ENDED = re.compile(r"^debug\d: (Control master terminated unexpectedly|Exit status -1)$", re.MULTILINE)


class SSH:
    """A way to one node. Any number of threads may use it at the same time."""

    def __init__(
        self,
        address: str,
        *,
        login: str = "root",
        key_path: Path,
        port: int = 22,
        cancellation: Cancellation | None = None,
        proxy_command: str = "",
    ) -> None:
        """Connect to nothing yet. `login` has a POSIX shell, and `sudo` without a password if it is not root.

        `proxy_command` is a line for the shell whose streams lead to the node's SSH server, where nothing here does.
        """
        self.login = login
        self._connection = Connection(address, login, key_path, port, proxy_command)
        self._cancellation = cancellation or Cancellation()

    def for_operation(self, cancellation: Cancellation) -> SSH:
        """Return the same way, over the same connection, for an operation that `cancellation` stops."""
        other = copy.copy(self)
        other._cancellation = cancellation
        return other

    def stream(
        self,
        args: Sequence[str],
        *,
        stdout: Write,
        stderr: Write,
        stdin: Feed | None = None,
        env: Mapping[str, str] | None = None,
        user: str = "root",
        tty: bool = False,
    ) -> int:
        """See `NodeTransport.stream`. All arguments together, and each variable, must be shorter than 128 KiB.

        Raises `NodeUnreachableError` when there is no connection or it is lost; the command may go on then.
        """
        master = self._connection.master(self._cancellation)
        log = master.new_log()
        # A master would give a terminal the settings of our standard input, which is none.
        way = ["-tt", "-S", "none"] if tty else ["-T", "-S", str(master.socket)]
        command = self._command([*way, "-E", str(log), "-o", "LogLevel=DEBUG2"], args, env or {}, user)
        feed = press_end if tty and stdin is None else stdin
        try:
            with (
                Client(command, with_input=feed is not None) as client,
                self._cancellation.closing(client.abort),
                feeding(feed, write=client.write, end=client.end_input, abort=client.abort),
            ):
                client.read(stdout, _drop if tty else stderr)
                code = client.process.wait()
            return self._exit_code(code, master, log)
        finally:
            log.unlink(missing_ok=True)

    def popen(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """See `NodeTransport.popen`. A connection that is lost makes it end with 255."""
        master = self._connection.master(self._cancellation)
        command = self._command(["-T", "-S", str(master.socket), "-o", "LogLevel=FATAL"], args, env or {}, user)
        pipe = subprocess.PIPE
        process = Process(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment())
        process.master = master
        return process

    def on_terminal(self, args: Sequence[str], *, env: Mapping[str, str], user: str = "root") -> list[str]:
        """Return the ssh command that runs a command on this process' own terminal, over a connection of its own."""
        return self._command(["-tt", "-S", "none", "-o", "LogLevel=ERROR"], args, env, user)

    def close(self) -> None:
        """End the connection, and what still runs over it; the next command makes a new one."""
        self._connection.close()

    def _command(self, options: Sequence[str], args: Sequence[str], env: Mapping[str, str], user: str) -> list[str]:
        """Return the ssh command that runs a command on the node. Its last word is for the shell of the login.

        The variables are on the node by then: all users can see the arguments of processes, here and there.
        """
        content = variables.hidden(env)
        script, kept = WAIT, list[str]()
        if content:
            script, kept = f"{variables.TAKE}{WAIT}", [variables.keep(self, content, user=user)]
        become: list[str] = []
        if user != self.login:
            become = ["runuser", "-u", user, "--"] if self.login == "root" else ["sudo", "-n", "-H", "-u", user, "--"]
        command = ["env", "--", *variables.seen(env), *args]
        remote = shlex.join(["exec", *become, "sh", "-c", script, "sh", *kept, *command])
        return ["ssh", "-o", "ControlMaster=no", *options, *our_options(), *self._connection.target, remote]

    def _exit_code(self, code: int, master: Master, log: Path) -> int:
        """Return the command's exit code, after what an ssh process ended with."""
        if 0 <= code < OWN_FAILURE:
            return code
        said = text_of(log)
        if TOLD.search(said):
            return OWN_FAILURE
        if SESSION_ENDED.search(said) and master.is_listening():
            return 128 + signal.SIGKILL  # the connection stands: the shell that waited was killed with the command
        raise self._connection.unreachable("The SSH connection to {} was lost while a command ran", master.log, log)


def _drop(_: bytes) -> None:
    """With a terminal, only ssh itself writes to stderr."""
