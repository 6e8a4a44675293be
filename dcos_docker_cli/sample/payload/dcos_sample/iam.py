"""Users and tokens, on localhost only: the stand-in for Bouncer, DC/OS' identity and access manager."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

from . import node, passwords, store, web

PORT = 8101
PREFIX = "iam/"
# As long as DC/OS' tokens.
LIFETIME = 5 * 24 * 3600


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(data: str) -> bytes:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


def _sign(signed: str, key: str) -> str:
    return _encode(hmac.digest(key.encode(), signed.encode(), "sha256"))


def make_token(uid: str, key: str, now: float) -> str:
    """Return a JSON web token. The key is the user's password hash, so it ends with the user or the password."""
    header = _encode(b'{"alg":"HS256","typ":"JWT"}')
    payload = _encode(json.dumps({"uid": uid, "exp": int(now) + LIFETIME}).encode())
    return f"{header}.{payload}.{_sign(f'{header}.{payload}', key)}"


def token_user(token: str, keys: dict[str, str], now: float) -> str | None:
    """Whom a token belongs to; None when it is no valid one."""
    try:
        signed, signature = token.rsplit(".", 1)
        payload = json.loads(_decode(signed.split(".")[1]))
        uid, key = payload["uid"], keys[payload["uid"]]
    except (ValueError, IndexError, KeyError, TypeError):
        return None
    # A user without a password has an empty key, with which anyone could sign.
    signed_well = bool(key) and hmac.compare_digest(signature.encode(), _sign(signed, key).encode())
    return uid if signed_well and payload["exp"] > now else None


def superuser() -> dict[str, str]:
    """Return the user that Enterprise has from the start, with the hash of the password."""
    config = node.config()
    if not node.enterprise():
        return {}
    return {config["superuser_username"]: config["superuser_password_hash"]}


def users() -> dict[str, str]:
    """Every user's password hash; an empty one matches no password."""
    return {**superuser(), **store.read(PREFIX)}


def describe(uid: str) -> dict[str, Any]:
    """Return a user, as listed."""
    return {"uid": uid, "description": uid, "is_remote": False, "url": f"/acs/api/v1/users/{uid}"}


def unknown(uid: str) -> web.Response:
    """Answer that there is no such user."""
    return web.error(404, f"User with uid `{uid}` not known.")


def build() -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("POST", "/acs/api/v1/auth/login")
    def login(request: web.Request) -> web.Response:
        given = request.json()
        uid, password = str(given.get("uid", "")), str(given.get("password", ""))
        expected = users().get(uid, "")
        if not passwords.matches(password, expected):
            return web.error(401, "Authentication failed")
        return web.reply({"token": make_token(uid, expected, time.time())})

    @app.route("GET", "/acs/api/v1/auth/whoami")
    def whoami(request: web.Request) -> web.Response:
        token = request.headers.get("authorization", "").removeprefix("token=")
        uid = token_user(token, users(), time.time())
        return web.reply({"uid": uid}) if uid else web.error(401, "Not authenticated")

    @app.route("GET", "/acs/api/v1/users/?")
    def listing(_request: web.Request) -> web.Response:
        return web.reply({"array": [describe(uid) for uid in sorted(users())]})

    @app.route("GET", "/acs/api/v1/users/([^/]+)")
    def show(_request: web.Request, uid: str) -> web.Response:
        return web.reply(describe(uid)) if uid in users() else unknown(uid)

    @app.route("PUT", "/acs/api/v1/users/([^/]+)")
    def create(request: web.Request, uid: str) -> web.Response:
        if uid in users():
            return web.error(409, f"User with uid `{uid}` already exists.")
        password = request.json().get("password")
        hashed = passwords.hash_password(password) if password else ""
        return web.reply(None, 201) if store.write(PREFIX + uid, hashed) else web.error(503, "No store")

    @app.route("DELETE", "/acs/api/v1/users/([^/]+)")
    def delete(_request: web.Request, uid: str) -> web.Response:
        if uid not in store.read(PREFIX):
            return unknown(uid)
        return web.reply(None, 204) if store.write(PREFIX + uid, None) else web.error(503, "No store")

    return app


def main() -> None:
    """Run the service."""
    build().serve(PORT, "127.0.0.1")


if __name__ == "__main__":
    main()
