"""The way in, on port 80 of a master: the stand-in for Admin Router. It asks for a token and forwards.

Open to all are the page at ``/``, the login, the metadata and the CA.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from . import diagnostics, iam, marathon, mesos_agent, mesos_master, metronome, node, page, store, web

PORT = 80
LOGIN = "/acs/api/v1/auth/login"
OPEN = re.compile(rf"/|/dcos-metadata/.*|{LOGIN}|/ca/dcos-ca\.crt")
HERE = "127.0.0.1"
# Path, port, the path there, and whether the leading master is asked or this one.
ROUTES = (
    ("/acs/api/v1/", iam.PORT, "/acs/api/v1/", False),
    ("/exhibitor/exhibitor/", store.PORT, "/exhibitor/", False),
    ("/mesos/", mesos_master.PORT, "/", True),
    ("/marathon/", marathon.PORT, "/", True),
    ("/service/marathon/", marathon.PORT, "/", True),
    ("/service/metronome/", metronome.PORT, "/", True),
    ("/system/health/v1", diagnostics.PORT, "/system/health/v1", False),
)


def needs_token(path: str) -> bool:
    """Whether a path is for users only."""
    no_login = not node.enterprise() and node.config()["oauth_enabled"] == "false"
    return not no_login and not OPEN.fullmatch(path)


def authenticated(request: web.Request) -> bool:
    """Whether the request has a valid token."""
    headers = {"Authorization": request.headers.get("authorization", "")}
    try:
        return web.call(HERE, iam.PORT, "/acs/api/v1/auth/whoami", headers=headers).status == 200
    except OSError:
        return False


def forward(request: web.Request, host: str, port: int, target: str) -> web.Response:
    """Send the request on, and its answer back."""
    wanted = ("content-type", "accept", "authorization")
    headers = {name: request.headers[name] for name in wanted if name in request.headers}
    try:
        return web.call(host, port, target, method=request.method, body=request.body, headers=headers, timeout=10)
    except OSError as exception:
        return web.error(502, f"{host}:{port} does not answer: {exception}")


def agents() -> list[mesos_master.Agent]:
    """Return the agents that the leading master lists."""
    found = web.call_json(store.leader() or HERE, mesos_master.PORT, "/slaves")
    return found["slaves"] if isinstance(found, dict) else []


def build() -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", "/")
    def index(_request: web.Request) -> web.Response:
        masters = web.call_json(HERE, store.PORT, "/exhibitor/v1/cluster/status") or []
        return web.text(page.render(masters, agents()), content_type="text/html; charset=utf-8")

    @app.route("GET", "/dcos-metadata/dcos-version.json")
    def version(_request: web.Request) -> web.Response:
        return web.reply(node.version())

    @app.route("GET", r"/ca/dcos-ca\.crt")
    def certificate(_request: web.Request) -> web.Response:
        file = node.INSTALL / "etc/dcos-ca.crt"
        return web.text(file.read_text()) if file.exists() else web.error(404, "This cluster has no CA")

    @app.route("*", "/(?:slave|agent)/([^/]+)/?(.*)")
    def agent(request: web.Request, agent_id: str, rest: str) -> web.Response:
        hosts = [agent["hostname"] for agent in agents() if agent["id"] == agent_id]
        if not hosts:
            return web.error(404, f"There is no agent {agent_id}")
        return forward(request, hosts[0], mesos_agent.PORT, "/" + quote(rest))

    @app.route("*", "/.*")
    def other(request: web.Request) -> web.Response:
        for prefix, port, there, leading in ROUTES:
            if request.target.startswith(prefix):
                host = (store.leader() or HERE) if leading else HERE
                return forward(request, host, port, there + request.target.removeprefix(prefix))
        return web.error(404, "Not found")

    return app


class Guarded(web.App):
    """An app behind the login."""

    def __init__(self, app: web.App) -> None:
        super().__init__()
        self._app = app

    def answer(self, request: web.Request) -> web.Response:
        """Refuse, or pass on."""
        if needs_token(request.path) and not authenticated(request):
            return web.error(401, f"Log in: POST a uid and a password to {LOGIN}")
        return self._app.answer(request)


def main() -> None:
    """Run the service."""
    Guarded(build()).serve(PORT)


if __name__ == "__main__":
    main()
