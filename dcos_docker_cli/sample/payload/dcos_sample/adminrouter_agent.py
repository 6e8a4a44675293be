"""The way to an agent's diagnostics, which listen on localhost only: the stand-in for Admin Router on agents."""

from __future__ import annotations

from . import adminrouter, diagnostics, web

PORT = 61001


def build() -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", "/system/health/v1.*")
    def health(request: web.Request) -> web.Response:
        return adminrouter.forward(request, adminrouter.HERE, diagnostics.PORT, request.target)

    return app


def main() -> None:
    """Run the service."""
    build().serve(PORT)


if __name__ == "__main__":
    main()
