"""Keeps the jobs that are posted, and runs none of them: the stand-in for Metronome."""

from __future__ import annotations

from . import store, web

PORT = 9000
PREFIX = "metronome/"


def build() -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", "/ping")
    def ping(_request: web.Request) -> web.Response:
        return web.text("pong")

    @app.route("GET", "/v1/jobs/?")
    def jobs(_request: web.Request) -> web.Response:
        return web.reply(list(store.read(PREFIX).values()))

    @app.route("POST", "/v1/jobs/?")
    def create(request: web.Request) -> web.Response:
        job = request.json()
        if not isinstance(job.get("id"), str):
            return web.error(422, "A job has an id")
        if job["id"] in store.read(PREFIX):
            return web.error(409, "A job with this id exists")
        return web.reply(job, 201) if store.write(PREFIX + job["id"], job) else web.error(503, "No store")

    @app.route("GET", "/v1/jobs/([^/]+)")
    def show(_request: web.Request, name: str) -> web.Response:
        found = store.read(PREFIX).get(name)
        return web.reply(found) if found else web.error(404, f"Job '{name}' does not exist")

    @app.route("DELETE", "/v1/jobs/([^/]+)")
    def delete(_request: web.Request, name: str) -> web.Response:
        if name not in store.read(PREFIX):
            return web.error(404, f"Job '{name}' does not exist")
        return web.reply({}) if store.write(PREFIX + name, None) else web.error(503, "No store")

    return app


def main() -> None:
    """Run the service."""
    build().serve(PORT)


if __name__ == "__main__":
    main()
