"""Secrets are where they are needed and nowhere else: markers are put in, and what others can see is searched."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from dcos_docker_cli.backends.docker.engine import endpoint
from dcos_docker_cli.sample.payload.dcos_sample.passwords import hash_password
from tests.support.elsewhere import is_remote
from tests.support.engine import CLUSTER_ID, containers, execute
from tests.support.ids import new_id
from tests.support.program import Running, dcos_docker, eventually
from tests.support.watching import watching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.clusters import Cluster


class Markers:
    """Secrets that nothing else on this machine has in it."""

    def __init__(self, directory: Path) -> None:
        made = iter(f"Marker{secrets.token_hex(8)}" for _ in range(8))
        self.licence, self.password, self.proxy, self.variable = next(made), next(made), next(made), next(made)
        self.credentials = next(made)
        self.hash = hash_password(self.password)
        self.licence_file = directory / "licence"
        self.licence_file.write_text(self.licence)
        self.config = directory / "extra.yaml"
        settings = {
            "superuser_password_hash": self.hash,
            "cluster_docker_credentials": {"auths": {"registry": {"auth": self.credentials}}},
            "http_proxy": f"http://somebody:{self.proxy}@127.0.0.1:1",
        }
        self.config.write_text(json.dumps(settings))

    @property
    def all(self) -> list[str]:
        return [self.licence, self.password, self.proxy, self.variable, self.credentials, self.hash.split("$")[-1]]

    @property
    def variables(self) -> dict[str, str | None]:
        """How they are given: not one of them by an argument."""
        proxy = f"http://somebody:{self.proxy}@127.0.0.1:1"
        # An engine elsewhere would be asked through the proxy too, as by the docker command.
        engine = urlsplit(endpoint().url).hostname
        return {
            **({"NO_PROXY": engine} if is_remote() else {}),
            "DCOS_DOCKER_SUPERUSER_PASSWORD": self.password,
            "DCOS_DOCKER_RUN_DCOS_LOGIN_PW": self.password,
            "NODE_SECRET": self.variable,
            "http_proxy": proxy,
            "HTTPS_PROXY": proxy,
        }

    @property
    def options(self) -> list[str | Path]:
        return ["--license-key", self.licence_file, "--extra-config", self.config, "--env", "NODE_SECRET"]

    def assert_absent(self, what: str, text: str) -> None:
        found = [name for name, value in vars(self).items() if isinstance(value, str) and value in text]
        assert not found, f"{what} has {found}"


@pytest.fixture
def markers(tmp_path: Path) -> Markers:
    return Markers(tmp_path)


def without_given_variables(container: dict[str, Any], *names: str) -> str:
    """Return all that the engine tells of a container, less the values of variables that it is there to have."""
    config = {**container["Config"]}
    config["Env"] = [line for line in config["Env"] or () if line.partition("=")[0] not in names]
    return json.dumps({**container, "Config": config})


def test_of_a_cluster_of_dcos_enterprise(
    client: APIClient, enterprise_installer: Path, cluster_id: str, markers: Markers
) -> None:
    """From create to destroy: arguments, events, containers, volumes, images, output, journals, the cache."""
    env = markers.variables
    said = []
    with watching(client) as seen:
        small = ("--agents", "0", "--public-agents", "0", "-c", cluster_id)
        preview = dcos_docker("create", enterprise_installer, *small, *markers.options, "--dry-run", env=env)
        made = dcos_docker(
            "create", enterprise_installer, *small, *markers.options, "--wait-for-dcos", "--superuser-username",
            "bootstrapuser", "-vv", env=env,
        )  # fmt: skip
        said += [preview, made]
        (master,) = containers(client, cluster_id)
        for way in ("docker-exec", "ssh"):
            test = ("run", "--test-env", "--transport", way, "-c", cluster_id, "--env", "NODE_SECRET", "--", "sh", "-c")
            show = 'sleep 0.2; printf "%s %s" "$DCOS_LOGIN_PW" "$NODE_SECRET"'
            shown = dcos_docker(*test, show, env=env)
            assert shown.succeeded() == f"{markers.password} {markers.variable}", "they do arrive where they are to be"
            assert shown.stderr == ""
        for command in (["status"], ["inspect"], ["inspect", "--security"], ["list", "-o", "json"], ["doctor"]):
            cluster = [] if command[0] in ("list", "doctor") else ["-c", cluster_id]
            said.append(dcos_docker(*command, *cluster, env=env))
        said.append(dcos_docker("create", enterprise_installer, *small, *markers.options, env=env))  # it is in use
    assert made.code == 0, made.stderr
    assert seen.looks > 20
    assert any("dcos_generate_config.sh" in text for text in seen.arguments) or is_remote()
    assert any("exec_create" in event for event in seen.events)
    given = ("NODE_SECRET", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    assert seen.with_any(markers.all) == []
    for result in said:
        markers.assert_absent("stdout", result.stdout)
        markers.assert_absent("stderr", result.stderr)
    about = client.inspect_container(master["Id"])
    markers.assert_absent("the container", without_given_variables(about, *given))
    markers.assert_absent("the container's log", client.logs(master["Id"]).decode(errors="replace"))
    for item in client.volumes(filters={"label": f"{CLUSTER_ID}={cluster_id}"})["Volumes"] or ():
        markers.assert_absent("a volume", json.dumps(item))
    images: Any = client
    image = [images.history(about["Image"]), images.inspect_image(about["Image"])]
    markers.assert_absent("the image", json.dumps(image))
    journal = execute(client, master["Id"], "journalctl", "--no-pager", "--output", "cat")
    assert journal
    markers.assert_absent("the journal", journal)
    left = execute(client, master["Id"], "sh", "-c", "find /tmp -type f -exec cat {} +")
    markers.assert_absent("a file in /tmp of the node", left)
    cache = next(found for found in client.volumes()["Volumes"] if is_cache_of(found, enterprise_installer))
    assert not is_kept(client, about["Image"], cache["Name"], markers.all)


def is_cache_of(volume: dict[str, Any], installer: Path) -> bool:
    digest = hashlib.sha256(installer.read_bytes()).hexdigest()
    return bool((volume["Labels"] or {}).get("dcos_docker.content") == digest)


def is_kept(client: APIClient, image: str, volume: str, texts: list[str]) -> bool:
    """Whether one of the texts is in a file of an installer's cache, less what its Docker stores."""
    look = "printf '%s' \"$TEXTS\" >/tmp/texts; exec grep -rqF -f /tmp/texts /cache/work"
    host = client.create_host_config(binds=[f"{volume}:/cache:ro"], init=False)
    container = client.create_container(
        image, ["sh", "-c", look], name=f"look-{new_id()}", host_config=host, environment={"TEXTS": "\n".join(texts)}
    )["Id"]
    try:
        client.start(container)
        code = client.wait(container)["StatusCode"]
        assert code in (0, 1), client.logs(container)
        return bool(code == 0)
    finally:
        client.remove_container(container, force=True, v=True)


def test_what_an_installer_that_refuses_says(
    client: APIClient, enterprise_installer: Path, cluster_id: str, markers: Markers
) -> None:
    """Its own words, in which it repeats the setting that it refuses; and nothing of it stays in its cache."""
    settings = json.loads(markers.config.read_text())
    markers.config.write_text(json.dumps({**settings, "oauth_enabled": markers.credentials}))
    small = ("--agents", "0", "--public-agents", "0", "-c", cluster_id, "--license-key", markers.licence_file)
    with watching(client) as seen:
        result = dcos_docker(
            "create", enterprise_installer, *small, "--extra-config", markers.config, "-vv", env=markers.variables
        )
    assert result.code == 1
    assert "oauth_enabled" in result.stderr
    assert "(given)" in result.stderr
    markers.assert_absent("stderr", result.stderr)
    assert seen.with_any(markers.all) == []


@pytest.mark.parametrize("transport", ["docker-exec", "ssh"])
@pytest.mark.xdist_group("shared")
def test_variables_of_commands(client: APIClient, shared: Cluster, transport: str) -> None:
    """While the command runs nobody sees them but who may see its environment."""
    secret = f"Marker{secrets.token_hex(8)}\nof 'two' lines"
    variables: dict[str, str | None] = {"SECRET": secret}
    script = 'cat >/dev/null; printf %s "$SECRET"'
    command = ("run", "-c", shared.cluster_id, "--transport", transport, "--env", "SECRET", "--", "sh", "-c", script)
    with watching(client) as seen:
        result = dcos_docker(*command, env=variables, stdin=b"x" * 300_000)
    assert result.succeeded() == secret
    assert seen.with_any(secret.splitlines()) == []
    assert shared.output("sh", "-c", "ls /tmp/tmp.* 2>/dev/null || true") == ""


def test_what_is_given_as_an_argument_is_seen(client: APIClient) -> None:
    """So it is for a reason that the others see nothing."""
    secret = secrets.token_hex(8)
    with watching(client) as seen:
        subprocess.run(["sh", "-c", "sleep 0.5; exit", secret], check=True)
    assert seen.with_any([secret]) == [f"sh -c sleep 0.5; exit {secret} "]


KEYS = """
import os, sys
from pathlib import Path
from dcos_docker_cli.backends.docker import keys
os.umask(0)
if sys.argv[1] == "disk":
    del os.memfd_create
path, close = keys._in_memory(b"secret") or keys._on_disk(b"secret")
print(path, oct(path.stat().st_mode), path.read_text(), oct(path.parent.stat().st_mode & 0o077), flush=True)
input()
close()
print(path.exists(), flush=True)
input()
"""


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_key_is_for_its_owner_alone_and_goes_with_the_process(where: str, tmp_path: Path) -> None:
    """With a umask of 0; and after a kill: in memory it has gone, on a disk the next one removes it."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", KEYS, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    ) as process:
        assert process.stdout
        path, mode, text, others = process.stdout.readline().split()
        assert (mode, text, others) == ("0o100600", "secret", "0o0")
        assert Path(path).is_relative_to("/proc" if where == "memory" else tmp_path)
        process.send_signal(signal.SIGKILL)
    left = list(tmp_path.iterdir())
    assert not Path(path).exists() if where == "memory" else len(left) == 1
    for directory in left:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        os.utime(directory, (0, 0))  # it was made some time ago
    done = subprocess.run([sys.executable, "-c", KEYS, "disk"], input="\n\n", capture_output=True, env=env, text=True,
                          check=True)  # fmt: skip
    assert done.stdout.splitlines()[1] == "False"
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_use_is_not_taken_for_a_dead_process(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", KEYS, "disk"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        path = Path(process.stdout.readline().split()[0])
        os.utime(path.parent, (0, 0))
        subprocess.run([sys.executable, "-c", KEYS, "disk"], input="\n\n", capture_output=True, env=env, text=True,
                       check=True)  # fmt: skip
        assert path.read_text() == "secret"
        process.stdin.write("\n\n")
        process.stdin.flush()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.xdist_group("shared")
def test_a_killed_command_leaves_no_key(shared: Cluster, short_tmp: Path) -> None:
    """SIGKILL while a command runs by SSH: nothing that could open a node is on the disk."""
    tmp_path = short_tmp
    env: dict[str, str | None] = {"TMPDIR": str(tmp_path)}
    command = ("run", "-c", shared.cluster_id, "--transport", "ssh", "--", "sh", "-c", "echo begun >&2; sleep 3")
    with Running(*command, env=env) as program:
        program.wait_for_stderr("begun")
        program.process.kill()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"PRIVATE KEY" in path.read_bytes()]
    eventually(lambda: not ssh_processes(tmp_path), "the connection ends with the command")
    for directory in tmp_path.iterdir():
        os.utime(directory, (0, 0))  # it was made some time ago
    shared.dcos_docker("run", "--transport", "ssh", "--", "true", env=env).succeeded()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A directory whose path leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="t") as path:
        yield Path(path)


def ssh_processes(directory: Path) -> list[str]:
    texts = (read_or_nothing(path / "cmdline") for path in Path("/proc").glob("[0-9]*"))
    return [text for text in texts if str(directory) in text and text.startswith("ssh")]


def read_or_nothing(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.xdist_group("shared")
def test_ssh_config_leaves_no_key_where_it_fails(shared: Cluster, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    result = shared.dcos_docker("ssh-config", "--force", "--identity-file", str(tmp_path / "there" / "key"))
    result.succeeded()
    assert stat.S_IMODE((tmp_path / "there" / "key").stat().st_mode) == 0o600
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "key").mkdir()
    refused = shared.dcos_docker("ssh-config", "--force", "--identity-file", str(tmp_path / "full" / "key"))
    assert refused.code != 0
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["key"]
