"""When DC/OS is ready: what its own checks say, and what its web interface answers."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.build_info import NOT_INSTALLED
from dcos_docker_cli.dcos.defaults import DEFAULT_PASSWORD, DEFAULT_SUPERUSER, DEFAULT_TIMEOUT
from dcos_docker_cli.dcos.http import Answer, Request, fetch
from dcos_docker_cli.exceptions import (
    DcosDockerError,
    DCOSNotInstalledError,
    DCOSTimeoutError,
    NodeNotFoundError,
    NodeUnreachableError,
)
from dcos_docker_cli.model import Role
from dcos_docker_cli.transports.base import failed_units, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

PAUSE = 0.5
STARTING = ("Connection refused", "Connection reset", "Connection closed")
"""What ssh says of a node whose sshd does not listen yet, or has been restarted."""
LOOK_SECONDS = 10.0
LOOK_AT = 3
"""Nodes that are looked at, and for how long, when the time is up."""
UNIT = re.compile(r"\bdcos-[a-z0-9@_.-]+\.(?:service|socket|timer)\b")
# By version of DC/OS: 1.12 and later, 1.10 and 1.11, 1.9.
NODE_CHECK = f"""
cd /opt/mesosphere/bin 2>/dev/null || exit {NOT_INSTALLED}
[ -x dcos-check-runner ] && exec ./dcos-check-runner check "$0"
[ "$0" = cluster ] && exit 0
[ -x dcos-diagnostics ] && exec ./dcos-diagnostics check "$0"
[ -x 3dt ] && exec ./3dt --diag
exit {NOT_INSTALLED}
"""
IAM = "http://localhost:8101/acs/api/v1/users"


@dataclass(frozen=True)
class Login:
    """Who logs in to an Enterprise cluster."""

    username: str = DEFAULT_SUPERUSER
    password: str = DEFAULT_PASSWORD


@dataclass(frozen=True)
class Readiness:
    """What is waited for: DC/OS on these nodes. `login` is for Enterprise; without one it is open DC/OS."""

    title: str
    members: Sequence[Member]
    cancellation: Cancellation
    login: Login | None = None
    http_checks: bool = True

    @property
    def masters(self) -> list[Member]:
        """The masters."""
        return [member for member in self.members if member.role is Role.MASTER]


def wait_for_dcos(wanted: Readiness, progress: Progress, *, timeout: float = DEFAULT_TIMEOUT) -> None:
    """Wait until every node, the cluster, and its web interface are ready.

    `timeout` is in seconds; `DCOSTimeoutError` then names what was not ready. Raises `DCOSNotInstalledError` when a
    node has no DC/OS, and `NodeNotFoundError` when one goes away, for waiting cures neither.
    """
    if not wanted.masters:
        raise NodeNotFoundError(f"There is no master in {wanted.title}.")
    checks: dict[str, Callable[[], list[str]]] = {
        "the nodes": lambda: _nodes(wanted),
        "the cluster": lambda: _node(wanted.masters[0], "cluster"),
    }
    if wanted.http_checks:
        checks["the web interface"] = lambda: _web(wanted)
    not_ready: list[str] = []
    try:
        with progress.step(f"Waiting for DC/OS on {wanted.title}"), wanted.cancellation.limited(timeout):
            for what, check in checks.items():
                not_ready = [f"{what}: no answer yet"]
                while found := _unless_it_starts(check):
                    not_ready = found
                    progress.detail(f"Not ready: {'; '.join(not_ready)}")
                    wanted.cancellation.sleep(PAUSE)
    except TimeoutError:
        raise DCOSTimeoutError(
            f"DC/OS on {wanted.title} was not ready within {timeout:g} s. Not ready:",
            hint="Look at a node, for example with: journalctl -b -p warning",
            details=[*not_ready, *_units_of(wanted, not_ready)],
        ) from None


def _unless_it_starts(check: Callable[[], list[str]]) -> list[str]:
    """Check; that a node which has just been started takes no SSH connections yet is a finding, which waiting cures."""
    try:
        return check()
    except NodeUnreachableError as error:
        if not any(sign in error.message for sign in STARTING):
            raise
        return [error.message]


def _units_of(wanted: Readiness, not_ready: Sequence[str]) -> list[str]:
    """Return what the journals say of the units that do not run on the nodes that findings name, else on a master."""
    text = "\n".join(not_ready)
    named = [member for member in wanted.members if re.search(rf"(?<!\w){re.escape(member.name)}(?!\w)", text)]
    units = sorted(set(UNIT.findall(text)))
    found: list[str] = []
    with suppress(TimeoutError), wanted.cancellation.limited(LOOK_SECONDS):
        for member in (named or wanted.masters)[:LOOK_AT]:
            with suppress(DcosDockerError):  # it is the timeout that is told
                found += [_with_node(line, member) for line in failed_units(member.transport, units)]
    return found


def _with_node(line: str, member: Member) -> str:
    return line if line.startswith(" ") else f"{member.name}: {line}"


def node_findings(member: Member) -> list[str]:
    """Run DC/OS' own checks on a node once; return what they find wrong, without the node's name.

    Raises `DCOSNotInstalledError` when it has no DC/OS.
    """
    return [finding.removeprefix(f"{member.name}: ") for finding in _node(member, "node-poststart")]


def cluster_findings(wanted: Readiness) -> list[str]:
    """Ask the cluster's own check and the web interface once; return what is not ready."""
    if not wanted.masters:
        return ["there is no master"]
    return _node(wanted.masters[0], "cluster") or (_web(wanted) if wanted.http_checks else [])


def _nodes(wanted: Readiness) -> list[str]:
    """Run DC/OS' own checks on every node; return what they find wrong."""
    results = parallel(lambda member: _node(member, "node-poststart"), wanted.members, wanted.cancellation)
    return [finding for result in results for finding in result]


def _node(member: Member, which: str) -> list[str]:
    result = run(member.transport, ["timeout", "60", "sh", "-c", NODE_CHECK, which])
    if result.returncode == NOT_INSTALLED:
        raise DCOSNotInstalledError(f"DC/OS is not installed on {member.name}.")
    if result.returncode == 0:
        return []
    text = (result.stdout or result.stderr).decode(errors="replace")
    return [f"{member.name}: {which}: {finding}" for finding in failed_checks(text)]


def failed_checks(text: str) -> list[str]:
    """Return which checks failed, from the report of dcos-check-runner; of another report, its last line.

    The report is `{"status": 2, "checks": {"<name>": {"status": 2, "output": "…"}}}`.
    """
    try:
        checks = json.loads(text)["checks"]
        found = [f"{name}: {check['output'].strip()}" for name, check in checks.items() if check["status"] != 0]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = []
    return found or text.strip().splitlines()[-1:] or ["failed, and says nothing"]


def _web(wanted: Readiness) -> list[str]:
    """Ask DC/OS' web interface on a master, as somebody who has logged in; return what is not ready."""
    node = wanted.masters[0].transport
    base = _base_url(node)
    if wanted.login:
        answer = _log_in(node, base, wanted.login)
        token = _token(answer)
        return _pages(node, base, wanted.members, token) if token else [_refused(wanted.login, answer)]
    with _own_user(wanted.cancellation, node) as own:
        return _pages(node, base, wanted.members, _token(_log_in(node, base, own)))


def _refused(login: Login, answer: Answer) -> str:
    return f"login of {login.username}: {answer.status}"


@contextmanager
def _own_user(cancellation: Cancellation, node: NodeTransport) -> Iterator[Login]:
    """Have a user of our own on open DC/OS, and remove it again, also when the wait is interrupted.

    The first user to log in there becomes the only one, and that is to be the cluster's owner.
    """
    own = Login(f"dcos-docker-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
    try:
        fetch(node, [Request(f"{IAM}/{own.username}", "PUT", {"password": own.password})])
        yield own
    finally:
        with cancellation.shielded():
            fetch(node, [Request(f"{IAM}/{own.username}", "DELETE")])


def _base_url(node: NodeTransport) -> str:
    """Return the master's own address, with the scheme that it wants."""
    text = run(node, ["cat", "/opt/mesosphere/etc/bootstrap-config.json"]).stdout
    try:
        encrypted = bool(json.loads(text)["ssl_enabled"])
    except (ValueError, KeyError, TypeError, RecursionError):
        encrypted = False
    return "https://localhost" if encrypted else "http://localhost"


def _log_in(node: NodeTransport, base: str, login: Login) -> Answer:
    body = {"uid": login.username, "password": login.password}
    return fetch(node, [Request(f"{base}/acs/api/v1/auth/login", "POST", body)])[0]


def _token(answer: Answer) -> str:
    content = answer.json()
    return str(content.get("token", "")) if answer.ok and isinstance(content, dict) else ""


def _pages(node: NodeTransport, base: str, members: Sequence[Member], token: str) -> list[str]:
    """Return what is not ready, of the pages that tell."""
    paths = {
        "/": None,
        "/dcos-metadata/dcos-version.json": None,
        "/marathon/v2/info": None,
        "/service/metronome/v1/jobs": None,
        "/exhibitor/exhibitor/v1/cluster/status": _exhibitor,
        "/mesos/master/slaves": lambda content: _agents(content, members),
        "/system/health/v1/units": _units,
    }
    answers = fetch(node, [Request(base + path) for path in paths], token)
    return [
        f"{path}: {finding}"
        for (path, judge), answer in zip(paths.items(), answers, strict=True)
        if (finding := _judge(answer, judge))
    ]


def _judge(answer: Answer, judge: Callable[[object], str] | None) -> str:
    if not answer.ok:
        return f"HTTP status {answer.status}" if answer.status else "no answer"
    if judge is None:
        return ""
    try:
        return judge(answer.json())
    except (KeyError, TypeError, ValueError, AttributeError):
        return f"an answer that cannot be understood: {answer.text[:80]}"


def _exhibitor(content: object) -> str:
    servers = [dict(server) for server in content]  # type: ignore[attr-defined]
    leaders = [server["hostname"] for server in servers if server.get("isLeader")]
    waiting = [str(server["hostname"]) for server in servers if server["description"] != "serving"]
    if waiting:
        return f"not serving: {', '.join(waiting)}"
    return "" if len(leaders) == 1 else f"{len(leaders)} leaders"


def _agents(content: object, members: Sequence[Member]) -> str:
    registered = {slave["hostname"] for slave in content["slaves"]}  # type: ignore[index]
    agents = [member for member in members if member.role is not Role.MASTER]
    missing = [agent.name for agent in agents if agent.address not in registered]
    return f"not registered: {', '.join(missing)}" if missing else ""


def _units(content: object) -> str:
    unhealthy = [unit["id"] for unit in content["units"] if unit["health"] != 0]  # type: ignore[index]
    return f"unhealthy: {', '.join(unhealthy)}" if unhealthy else ""
