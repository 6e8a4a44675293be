"""The services of a sample cluster's nodes, without a node."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.sample.payload.dcos_sample import (
    adminrouter,
    checks,
    diagnostics,
    exhibitor,
    iam,
    marathon,
    mesos_agent,
    mesos_master,
    metronome,
    node,
    page,
    passwords,
    pkgpanda,
    run_tests,
    store,
    web,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def ask(app: web.App, path: str, method: str = "GET", body: Any = None, peer: str = "127.0.0.1") -> web.Response:
    return app.answer(web.Request(method, path, path, {}, json.dumps(body).encode(), peer))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {"cluster_name": "a <b>", "dcos_variant": "open", "oauth_enabled": "true", "master_list": '["10.0.0.2"]'}
    monkeypatch.setattr(node, "config", lambda: values)
    monkeypatch.setattr(node, "version", lambda: {"version": "2.1.0"})
    return values


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put a dictionary in the place of the store."""
    values: dict[str, Any] = {}

    def write(key: str, value: Any) -> bool:
        values[key] = value
        return True

    def read(prefix: str) -> dict[str, Any]:
        found = {key: value for key, value in values.items() if key.startswith(prefix) and value is not None}
        return {key.removeprefix(prefix): value for key, value in found.items()}

    monkeypatch.setattr(store, "write", write)
    monkeypatch.setattr(store, "read", read)
    monkeypatch.setattr(store, "leader", lambda: "10.0.0.2")
    return values


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        # OpenSSL's; the second from the method's own text.
        (
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$"
            "OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
        ),
        (
            "deleteme",
            "$6$dcosdockersample$15WSww7gMtF1Qs8oNNhXRO82x/hbXkwzzOYHwDh1HXxyHzmyiHN3IICL.aGUXiNlzVvsO3J9t/zo/O1TnBUep/",
        ),
    ],
)
def test_sha512_crypt(password: str, expected: str) -> None:
    assert passwords.matches(password, expected)
    assert not passwords.matches(password + "x", expected)


def test_passwords_have_salts() -> None:
    first, second = passwords.hash_password("x"), passwords.hash_password("x")
    assert first != second
    assert passwords.matches("x", first)
    assert not passwords.matches("", "")


class TestWeb:
    """Routing, and one trip over a real socket."""

    @pytest.fixture
    def app(self) -> web.App:
        app = web.App()
        app.route("GET", "/items/(.+)")(lambda _request, name: web.reply({"name": name}))
        app.route("POST", "/echo")(lambda request: web.text(request.body.decode()))
        app.route("DELETE", "/echo")(lambda _request: web.reply(None, 204))
        return app

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/items/a", 200), ("GET", "/items/", 404), ("PUT", "/echo", 405), ("GET", "/", 404)],
    )
    def test_status(self, app: web.App, method: str, path: str, status: int) -> None:
        assert ask(app, path, method).status == status

    @pytest.fixture
    def port(self, app: web.App) -> Iterator[int]:
        with web._Server(("127.0.0.1", 0), web._handler_class(app)) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.server_address[1]
            server.shutdown()
            thread.join()

    def test_over_a_socket(self, port: int) -> None:
        assert web.call_json("127.0.0.1", port, "/items/a%2Fb") == {"name": "a/b"}
        assert web.call("127.0.0.1", port, "/echo", method="POST", body=b"text").body == b"text"
        assert web.call("127.0.0.1", port, "/echo", method="DELETE").status == 204
        assert web.call("127.0.0.1", port, "/items/a", method="HEAD").body == b""


class TestEnsemble:
    """Who leads."""

    def test_lowest_address_that_answers_leads(self, clock: Clock) -> None:
        ensemble = exhibitor.Ensemble("10.0.0.10", ["10.0.0.10", "10.0.0.9", "10.0.0.11"], clock)
        assert ensemble.leader() == "10.0.0.10"
        ensemble.answered("10.0.0.9")
        assert ensemble.leader() == "10.0.0.9"
        clock.now += exhibitor.LOST_AFTER
        assert ensemble.leader() == "10.0.0.10"

    def test_status(self, clock: Clock) -> None:
        ensemble = exhibitor.Ensemble("10.0.0.1", ["10.0.0.1", "10.0.0.2"], clock)
        assert ensemble.status() == [
            {"code": 3, "description": "serving", "hostname": "10.0.0.1", "isLeader": True},
            {"code": 1, "description": "down", "hostname": "10.0.0.2", "isLeader": False},
        ]

    def test_store_is_for_masters_only(self, tmp_path: Path) -> None:
        kept = store.Store(tmp_path / "store.json")
        kept.put("iam/user", "hash")
        app = exhibitor.build(exhibitor.Ensemble("10.0.0.1", []), kept)
        assert ask(app, "/store/iam/", peer="10.0.0.1").json() == {"user": "hash"}
        refused = [("/store/iam/", "GET"), ("/store/iam/user", "PUT"), ("/table", "GET"), ("/table", "POST")]
        assert [ask(app, path, method, {}, "10.0.0.9").status for path, method in refused] == [403] * 4


class TestStore:
    """The table that every master keeps."""

    def test_is_kept(self, tmp_path: Path) -> None:
        store.Store(tmp_path / "store.json").put("a/b", 1)
        assert store.Store(tmp_path / "store.json").items("a/") == {"b": 1}
        assert (tmp_path / "store.json").stat().st_mode & 0o777 == 0o600

    def test_masters_come_to_agree(self, tmp_path: Path) -> None:
        one, two = store.Store(tmp_path / "1"), store.Store(tmp_path / "2")
        one.put("a", "old")
        two.put("a", "new")
        two.put("b", 1)
        assert one.digest() != two.digest()
        one.merge(two.table())
        two.merge(one.table())
        assert one.digest() == two.digest()
        assert one.items("") == two.items("") == {"a": "new", "b": 1}

    def test_removed_key_does_not_come_back(self, tmp_path: Path) -> None:
        one, two = store.Store(tmp_path / "1"), store.Store(tmp_path / "2")
        two.merge(one.put("a", 1))
        one.put("a", None)
        one.merge(two.table())
        assert one.items("") == {}


class TestMesos:
    """Agents come and go."""

    def test_agent_is_listed_until_it_leaves_or_is_silent(self, clock: Clock) -> None:
        app = mesos_master.build(mesos_master.Agents(clock))

        def listed() -> list[str]:
            return [agent["id"] for agent in ask(app, "/slaves").json()["slaves"]]

        for name in ("a", "b"):
            ask(app, "/register", "POST", {"id": name, "hostname": name})
        assert listed() == ["a", "b"]
        ask(app, "/register/a", "DELETE")
        assert listed() == ["b"]
        clock.now += mesos_master.LOST_AFTER
        assert listed() == []

    def test_what_is_no_agent_is_refused(self) -> None:
        assert ask(mesos_master.build(mesos_master.Agents()), "/register", "POST", {}).status == 400

    def test_given_resources(self) -> None:
        file = (
            'MESOS_RESOURCES=\'[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}}, '
            '{"name": "ports", "type": "RANGES"}]\'\n'
        )
        assert mesos_agent.given_resources(file) == {"cpus": 2}
        assert mesos_agent.given_resources("") == {}


class TestTokens:
    """Tokens, and the way in."""

    def test_valid_until_it_expires(self) -> None:
        token = iam.make_token("me", "key", now=1000)
        assert iam.token_user(token, {"me": "key"}, now=1000) == "me"
        assert iam.token_user(token, {"me": "key"}, now=1000 + iam.LIFETIME) is None

    @pytest.mark.parametrize("keys", [{}, {"me": "other key"}, {"you": "key"}])
    def test_ends_with_the_user_or_the_password(self, keys: dict[str, str]) -> None:
        assert iam.token_user(iam.make_token("me", "key", now=0), keys, now=0) is None

    def test_nobody_signs_for_a_user_without_password(self) -> None:
        assert iam.token_user(iam.make_token("me", "", now=0), {"me": ""}, now=0) is None

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é", "e30.bnVsbA.x", "e30.MQ.x"])
    def test_nonsense(self, token: str) -> None:
        assert iam.token_user(token, {"me": "key"}, now=0) is None

    @pytest.mark.usefixtures("config", "table")
    def test_users_of_open_dcos(self) -> None:
        app = iam.build()
        user = "/acs/api/v1/users/me@example.com"
        login = {"uid": "me@example.com", "password": "secret"}
        assert ask(app, user, "PUT", {"password": "secret"}).status == 201
        assert ask(app, user, "PUT", {}).status == 409
        assert [entry["uid"] for entry in ask(app, "/acs/api/v1/users").json()["array"]] == ["me@example.com"]
        assert ask(app, "/acs/api/v1/auth/login", "POST", {**login, "password": "wrong"}).status == 401
        token = ask(app, "/acs/api/v1/auth/login", "POST", login).json()["token"]
        path = "/acs/api/v1/auth/whoami"
        request = web.Request("GET", path, path, {"authorization": f"token={token}"})
        assert app.answer(request).json() == {"uid": "me@example.com"}
        assert ask(app, user, "DELETE").status == 204
        assert ask(app, user, "DELETE").status == 404
        assert app.answer(request).status == 401

    @pytest.mark.usefixtures("table")
    def test_user_without_password_cannot_log_in(self, config: dict[str, str]) -> None:
        app = iam.build()
        ask(app, "/acs/api/v1/users/me", "PUT", {})
        assert ask(app, "/acs/api/v1/auth/login", "POST", {"uid": "me", "password": ""}).status == 401

    @pytest.mark.usefixtures("table")
    def test_superuser_of_enterprise(self, config: dict[str, str]) -> None:
        hashed = passwords.hash_password("deleteme")
        config.update(dcos_variant="enterprise", superuser_username="admin", superuser_password_hash=hashed)
        answer = ask(iam.build(), "/acs/api/v1/auth/login", "POST", {"uid": "admin", "password": "deleteme"})
        assert answer.status == 200

    @pytest.mark.parametrize(
        ("path", "needed"),
        [
            ("/", False),
            ("/dcos-metadata/dcos-version.json", False),
            ("/acs/api/v1/auth/login", False),
            ("/ca/dcos-ca.crt", False),
            ("/acs/api/v1/users", True),
            ("/mesos/master/slaves", True),
            ("/marathon/v2/info", True),
        ],
    )
    def test_what_needs_a_token(self, config: dict[str, str], path: str, *, needed: bool) -> None:
        assert adminrouter.needs_token(path) == needed
        config["oauth_enabled"] = "false"
        assert not adminrouter.needs_token(path)
        config["dcos_variant"] = "enterprise"
        assert adminrouter.needs_token(path) == needed

    @pytest.mark.usefixtures("config")
    def test_refusal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(adminrouter, "authenticated", lambda _request: False)
        assert ask(adminrouter.Guarded(web.App()), "/mesos/master/slaves").status == 401


@pytest.mark.usefixtures("config", "table")
def test_marathon_keeps_apps() -> None:
    app = marathon.build()
    assert ask(app, "/v2/apps", "POST", {"id": "/a/b", "cmd": "true"}).status == 201
    assert ask(app, "/v2/apps", "POST", {"id": "a/b"}).status == 409
    assert ask(app, "/v2/apps", "POST", {}).status == 422
    assert ask(app, "/v2/apps/a/b").json()["app"]["cmd"] == "true"
    assert ask(app, "/v2/info").json()["leader"] == "10.0.0.2:8080"
    assert ask(app, "/v2/apps/a/b", "DELETE").status == 200
    assert ask(app, "/v2/apps").json() == {"apps": []}


@pytest.mark.usefixtures("table")
def test_metronome_keeps_jobs() -> None:
    app = metronome.build()
    assert ask(app, "/v1/jobs").json() == []
    assert ask(app, "/v1/jobs", "POST", {"id": "job"}).status == 201
    assert ask(app, "/v1/jobs").json() == [{"id": "job"}]
    assert ask(app, "/v1/jobs/job", "DELETE").status == 200


class TestDiagnostics:
    """The health of units."""

    SHOWN = (
        "Id=dcos-a.service\nDescription=A\nActiveState=active\nSubState=running\n\n"
        "Id=dcos-b.service\nDescription=B = b\nActiveState=inactive\nSubState=dead\n"
    )

    def test_units_of_systemctl(self) -> None:
        units = diagnostics.parse_units(self.SHOWN)
        assert [(unit["id"], unit["name"], unit["health"], unit["output"]) for unit in units] == [
            ("dcos-a.service", "A", 0, ""),
            ("dcos-b.service", "B = b", 1, "inactive (dead)"),
        ]

    def test_unit_is_healthy_when_it_is_on_every_node(self) -> None:
        well, ill = diagnostics.parse_units(self.SHOWN), diagnostics.parse_units(self.SHOWN)
        well[1]["health"] = 0
        merged = diagnostics.merge_units([{"units": well}, {"units": ill}, {"units": well}])
        assert [(unit["id"], unit["health"]) for unit in merged] == [("dcos-a.service", 0), ("dcos-b.service", 1)]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["check", "node-poststart"], "node-poststart"),
        (["check", "cluster"], "cluster"),
        (["check", "--list", "cluster"], "cluster"),
        (["--diag"], "node-poststart"),
        (["check"], None),
        (["check", "other"], None),
        ([], None),
    ],
)
def test_arguments_of_the_check_programs(arguments: list[str], kind: str | None) -> None:
    assert checks.wanted_kind(arguments) == kind


def test_check_result() -> None:
    assert checks.run({"good": list, "bad": lambda: ["one", "two"]}) == {
        "status": 2,
        "checks": {"good": {"status": 0, "output": ""}, "bad": {"status": 2, "output": "one\ntwo"}},
    }


@pytest.mark.usefixtures("config")
def test_page_shows_the_nodes_and_that_it_is_a_stand_in() -> None:
    master = {"hostname": "10.0.0.1", "description": "serving", "isLeader": True}
    shown = page.render([master], [{"hostname": "10.0.0.2", "attributes": {"public_ip": "true"}}])
    assert "<td>10.0.0.1</td><td>master</td><td>serving, leads</td>" in shown
    assert "<td>10.0.0.2</td><td>public agent</td><td>registered</td>" in shown
    assert "not DC/OS" in shown
    assert "a &lt;b&gt;" in shown


def test_files_of_a_package_are_linked(tmp_path: Path) -> None:
    package = tmp_path / "package"
    module = package / "lib/python3.11/site-packages/module"
    module.mkdir(parents=True)
    (package / "lib/file").touch()
    pkgpanda.link_tree(package / "lib", tmp_path / "lib")
    assert (tmp_path / "lib/file").readlink() == package / "lib/file"
    assert (tmp_path / "lib/python3.11/site-packages/module").readlink() == module


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def test_a(): pass\ndef test_b(fixture): pass\n", 0),
        ("def test_a(): assert False\n", 1),
        ("def helper(): pass\n", 5),
    ],
)
def test_stand_in_for_pytest(tmp_path: Path, source: str, status: int) -> None:
    (tmp_path / "test_file.py").write_text(source)
    assert run_tests.run([str(tmp_path)], "", stop=False) == status
