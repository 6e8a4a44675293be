"""Whatever is in a file that the program reads, or in an answer: it is taken, or refused with words."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import json
import random
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.contexts import context_in_use
from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.dcos.build_info import parse
from dcos_docker_cli.dcos.config import read_extra_config, secrets_in, to_yaml, without_secrets
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.exceptions import DcosDockerError, InvalidConfigError, InvalidInstallerError, UsageError
from dcos_docker_cli.lifecycle.images import tags_in
from tests.support.entry import nothing_open_left, run_here
from tests.support.installers import looks_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEP = "[" * 200_000
# In one process connections that nobody answered are closed when Python comes to it.
__all__ = ["nothing_open_left"]  # a fixture
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
QUICK = settings(
    derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.fixture(scope="module")
def docker_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("docker")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            patch.delenv(variable, raising=False)
        patch.setenv("DOCKER_CONFIG", str(directory))
        yield directory


# YAML

TEMPLATES = (
    "a: {}",
    "{}: b",
    "password: {}",
    "- {}",
    "a: &x {}\nb: *x",
    "a: !!{} b",
    "? {}\n: c",
    "{}",
    "a:\n  - {}\n ",
)
YAML_WORDS = st.sampled_from(
    (
        *(
            "2020-01-01",
            "!!binary aGk=",
            "!!set {a}",
            "&a [*a]",
            "{a: &b {c: *b}}",
            "*nothing",
            "0o17",
            "1_000",
            ".inf",
        ),
        *(
            ".nan",
            "-.inf",
            "0x",
            "~",
            "null",
            "yes",
            "<<: *x",
            "|\n  text",
            ">",
            "%TAG",
            "\x00",
            "\x85",
            "1:30",
            "? [a]",
        ),
        *("!!timestamp 2001-13-99", "!!int x", "!!float", "'", '"', "[", "{", "2001-12-14t21:59:43.10-05:00"),
        *("!!python/object:os.x y", "!!omap [a: 1]", "!!pairs [a: 1]", "9" * 5000),
    )
)


@QUICK
@given(st.sampled_from(TEMPLATES), YAML_WORDS | st.text(max_size=12), st.booleans())
@example("a: {}", "&a [*a]", False)
@example("a: {}", "2020-01-01", False)
@example("a: {}", DEEP, False)
@example("{}", "a: &b {a: *b}", False)
def test_extra_configuration(path: Path, template: str, text: str, odd: bool) -> None:
    content = template.format(text).encode("utf-16" if odd else "utf-8", errors="surrogatepass")
    path.write_bytes(content)
    failure = None
    try:
        found = read_extra_config(path)
    except InvalidConfigError as error:
        failure = error
    if failure:
        assert str(path) in failure.message
        return
    assert yaml.safe_load(to_yaml(found)) is not None
    json.dumps(without_secrets("", found))
    secrets_in(found)


@pytest.mark.parametrize(
    "text", ["password: 'Marker", "password: *Marker", "password: !Marker x", "a: [Marker: {b", "a: %Marker"]
)
def test_what_is_no_yaml_is_not_repeated(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(InvalidConfigError) as caught:
        read_extra_config(path)
    assert "Marker" not in str(caught.value)
    assert caught.value.details
    assert "line 1" in caught.value.details[0]


def test_a_value_that_is_no_yaml_is_not_repeated() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        to_yaml({"password": Path("Marker"), "day": datetime.date(2020, 1, 1)})
    assert "Marker" not in str(caught.value)


def test_a_text_that_refers_to_itself_a_thousandfold(path: Path) -> None:
    path.write_text(
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    )
    with pytest.raises(InvalidConfigError):
        read_extra_config(path)


# Docker's own files


@QUICK
@given(JSON, st.booleans())
def test_contexts(docker_config: Path, content: object, in_context: bool) -> None:
    config, meta = docker_config / "config.json", docker_config / "contexts" / "meta" / hashlib.sha256(b"x").hexdigest()
    meta.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"currentContext": "x"} if in_context else content))
    (meta / "meta.json").write_text(json.dumps(content))
    _context()


@QUICK
@given(JSON, JSON, JSON)
@example("tcp://x:99999", False, {})
@example("ssh://[", False, {})
@example("", False, [])
def test_a_contexts_endpoint(docker_config: Path, host: object, skip: object, more: object) -> None:
    meta = docker_config / "contexts" / "meta" / hashlib.sha256(b"x").hexdigest()
    meta.mkdir(parents=True, exist_ok=True)
    (docker_config / "config.json").write_text(json.dumps({"currentContext": "x"}))
    (meta / "meta.json").write_text(
        json.dumps({"Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip}}, "x": more})
    )
    _context()


@pytest.mark.parametrize("name", ["\udcff", "../..", "x" * 5000, "\n", "$(x)"])
def test_names_of_contexts(docker_config: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", name)
    with pytest.raises(UsageError):
        context_in_use()


@pytest.mark.parametrize("text", [b"", b"{", DEEP.encode(), b"\xff\xfe", b"null", b'"x"', b'{"currentContext": []}'])
def test_configurations_that_are_none(docker_config: Path, text: bytes) -> None:
    (docker_config / "config.json").write_bytes(text)
    _context()


def _context() -> None:
    with contextlib.suppress(UsageError):
        found = context_in_use()
        assert found is None or isinstance(found.host, str)


URLS = (
    *("x", "tcp://", "tcp://:1", "tcp://127.0.0.1:1", "tcp://127.0.0.1:99999", "tcp://[::1", "unix:///no"),
    *(
        "http://127.0.0.1:1/x?y#z",
        "fd://",
        "ssh://",
        "ssh://[",
        "ssh://:22",
        "ssh://x:y",
        "http+unix://x",
        "npipe:////x",
    ),
    *("https://127.0.0.1:1", "tcp://127.0.0.1:x", "é://x", "tcp://me:Marker@127.0.0.1:1", "\n", " "),
)


@settings(QUICK, max_examples=60)
@given(
    st.sampled_from(URLS)
    | st.text(alphabet="tcpunixh:/[].019@ ", min_size=1, max_size=16).filter(lambda url: "ssh:" not in url)
)
def test_docker_host(url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", url)
        try:
            connect().close()  # `unix://` is where an engine may be
        except DcosDockerError as error:
            said = str(error)
        else:
            said = "an engine"
    assert said
    assert "Marker" not in said


# What nodes and images say


@QUICK
@given(JSON.map(json.dumps) | st.text() | st.just(DEEP))
@example('{"version": 1, "dcos-image-commit": [], "dcos-variant": {}}')
@example(DEEP)
def test_build_info(text: str) -> None:
    with contextlib.suppress(DcosDockerError):
        parse(text)


@QUICK
@given(JSON.map(json.dumps) | st.just(DEEP) | st.text())
@example('[{"RepoTags": [1, null]}]')
@example(DEEP)
def test_manifests_of_images(path: Path, manifest: str) -> None:
    content = manifest.encode(errors="replace")
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    with pytest.raises(UsageError):
        tags_in(path)


# Installers

MUTATIONS = 1000
SEED = 7


def flipped(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 2, 10, 100])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def in_header(data: bytearray, chance: random.Random) -> None:
    start = data.find(b"\n#EOF#\n") + 7
    for _ in range(chance.choice([1, 3, 30])):
        data[(start + chance.randrange(512)) % len(data)] = chance.randrange(256)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def cut_out(data: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(data))
    del data[begin : begin + chance.choice([1, 511, 512, 5000])]


def lines_doubled(data: bytearray, chance: random.Random) -> None:
    head, _, rest = bytes(data).partition(b"\n#EOF#\n")
    lines = head.split(b"\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    data[:] = b"\n".join(lines) + b"\n#EOF#\n" * chance.choice([1, 2]) + rest


def other_ends(data: bytearray, chance: random.Random) -> None:
    data[:] = bytes(data).replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n"]))


def other_encoding(data: bytearray, chance: random.Random) -> None:
    data[:] = bytes(data).decode("latin-1").encode(chance.choice(["utf-16", "utf-8-sig", "utf-32", "utf-7"]))


def with_size(data: bytearray, chance: random.Random) -> None:
    start = data.index(b"\n#EOF#\n") + 7
    field = chance.choice(
        [b"77777777777\0", b"-0000000001\0", b"\xff" * 12, b"\x80" + b"\xff" * 11, b"xxxxxxxxxxx\0", b"\0" * 12]
    )
    data[start + 124 : start + 136] = field
    data[start + 148 : start + 156] = b" " * 8
    data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])


def appended(data: bytearray, chance: random.Random) -> None:
    data += chance.randbytes(chance.choice([1, 512, 5000]))


KINDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flipped, in_header, cut, cut_out, lines_doubled, other_ends, other_encoding, with_size, appended,
)  # fmt: skip


def mutated(number: int) -> bytes:
    chance = random.Random(f"{SEED}-{number}")
    data = bytearray(looks_whole())
    KINDS[number % len(KINDS)](data, chance)
    if chance.random() < 0.3 and b"\n#EOF#\n" in data:
        chance.choice(KINDS[:4])(data, chance)
    return bytes(data)


def test_a_thousand_mutated_installers(path: Path) -> None:
    taken = refused = 0
    said: list[tuple[str, str]] = []
    for number in range(MUTATIONS):
        path.write_bytes(mutated(number))
        try:
            assert read_installer(path).path == path
            taken += 1
        except InvalidInstallerError as error:
            refused += 1
            said.append((error.message, error.hint))
    assert taken + refused == MUTATIONS
    assert all(str(path) in message and hint for message, hint in said)
    assert min(taken, refused) > MUTATIONS / 10, "both are to be tried"


def test_mutated_installers_on_the_command_line(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    for number in range(36):
        path.write_bytes(mutated(number))
        result = run_here(["create", str(path)])
        assert (result.code, result.stdout) in ((2, ""), (125, "")), result.stderr
        assert result.stderr.startswith("Error: "), result.stderr
        assert "Next: " in result.stderr
    assert sorted(tmp_path.iterdir()) == [path]
