"""Keeps the apps that are posted, and runs none of them: the stand-in for Marathon."""

from __future__ import annotations

from . import node, store, web

PORT = 8080
PREFIX = "marathon/"


def build() -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", "/ping")
    def ping(_request: web.Request) -> web.Response:
        return web.text("pong")

    @app.route("GET", "/v2/info")
    def info(_request: web.Request) -> web.Response:
        leader = store.leader()
        version = f"sample of DC/OS {node.version()['version']}, not Marathon"
        return web.reply({"name": "marathon", "version": version, "elected": True, "leader": f"{leader}:{PORT}"})

    @app.route("GET", "/v2/leader")
    def leader(_request: web.Request) -> web.Response:
        found = store.leader()
        return web.reply({"leader": f"{found}:{PORT}"}) if found else web.error(404, "There is no leader")

    @app.route("GET", "/v2/deployments")
    def deployments(_request: web.Request) -> web.Response:
        return web.reply([])

    @app.route("GET", "/v2/apps/?")
    def apps(_request: web.Request) -> web.Response:
        return web.reply({"apps": list(store.read(PREFIX).values())})

    @app.route("POST", "/v2/apps/?")
    def create(request: web.Request) -> web.Response:
        posted = request.json()
        if not isinstance(posted.get("id"), str):
            return web.error(422, "An app has an id")
        name = posted["id"].strip("/")
        if name in store.read(PREFIX):
            return web.error(409, f"An app with id [/{name}] already exists.")
        created = {"instances": 1, **posted, "id": f"/{name}", "tasksRunning": 0, "deployments": []}
        return web.reply(created, 201) if store.write(PREFIX + name, created) else web.error(503, "No store")

    @app.route("GET", "/v2/apps/(.+)")
    def show(_request: web.Request, name: str) -> web.Response:
        found = store.read(PREFIX).get(name)
        return web.reply({"app": found}) if found else web.error(404, f"App '/{name}' does not exist")

    @app.route("DELETE", "/v2/apps/(.+)")
    def delete(_request: web.Request, name: str) -> web.Response:
        if name not in store.read(PREFIX):
            return web.error(404, f"App '/{name}' does not exist")
        return web.reply({}) if store.write(PREFIX + name, None) else web.error(503, "No store")

    return app


def main() -> None:
    """Run the service."""
    build().serve(PORT)


if __name__ == "__main__":
    main()
