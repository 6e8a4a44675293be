"""Who leads, and the store: the stand-in for Exhibitor and ZooKeeper.

Every master asks every other one each second; the lowest address that answers leads. That is no election: a network
that splits has a leader on each side.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import node, web
from .store import PORT, Store, Table

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = Path("/var/lib/dcos/exhibitor/store.json")
INTERVAL = 1.0
# Three missed answers.
LOST_AFTER = 3.0


class Ensemble:
    """The masters, and which of them answered lately."""

    def __init__(self, own: str, masters: list[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.own = own
        self.masters = sorted({own, *masters}, key=ipaddress.ip_address)
        self._clock = clock
        self._answered: dict[str, float] = {}

    @property
    def peers(self) -> list[str]:
        """The other masters."""
        return [master for master in self.masters if master != self.own]

    def answered(self, master: str) -> None:
        """Note that a master is there now."""
        self._answered[master] = self._clock()

    def serving(self, master: str) -> bool:
        """Whether a master is there."""
        now = self._clock()
        return master == self.own or now - self._answered.get(master, now - LOST_AFTER) < LOST_AFTER

    def leader(self) -> str:
        """Return the lowest address that serves."""
        return next(master for master in self.masters if self.serving(master))

    def status(self) -> list[dict[str, object]]:
        """Return what Exhibitor's cluster status says."""
        leader = self.leader()
        return [
            {
                "code": 3 if self.serving(master) else 1,
                "description": "serving" if self.serving(master) else "down",
                "hostname": master,
                "isLeader": master == leader,
            }
            for master in self.masters
        ]


def watch(peer: str, ensemble: Ensemble, store: Store) -> None:
    """Ask one master for ever, and take over what it knows better."""
    while True:
        try:
            digest = web.call(peer, PORT, "/digest", timeout=INTERVAL).body
            ensemble.answered(peer)
            if digest.decode() != store.digest():
                table: Table = web.call(peer, PORT, "/table").json()
                store.merge(table)
        except OSError:
            pass  # not there; its time runs out
        time.sleep(INTERVAL)


def build(ensemble: Ensemble, store: Store) -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", "/exhibitor/v1/cluster/status")
    def status(_request: web.Request) -> web.Response:
        return web.reply(ensemble.status())

    @app.route("GET", "/leader")
    def leader(_request: web.Request) -> web.Response:
        return web.reply({"leader": ensemble.leader()})

    @app.route("GET", "/digest")
    def digest(_request: web.Request) -> web.Response:
        return web.text(store.digest())

    # Passwords' hashes are in the table: it is for masters only, and AdminRouter does not lead here.
    def refused(request: web.Request) -> bool:
        return request.peer not in ("127.0.0.1", *ensemble.masters)

    @app.route("GET", "/table")
    def table(request: web.Request) -> web.Response:
        return web.error(403, "For masters only") if refused(request) else web.reply(store.table())

    @app.route("POST", "/table")
    def merge(request: web.Request) -> web.Response:
        if refused(request):
            return web.error(403, "For masters only")
        store.merge({key: (entry[0], entry[1]) for key, entry in request.json().items()})
        return web.reply({})

    @app.route("GET", "/store/(.*)")
    def read(request: web.Request, prefix: str) -> web.Response:
        return web.error(403, "For masters only") if refused(request) else web.reply(store.items(prefix))

    @app.route("PUT", "/store/(.*)")
    def write(request: web.Request, key: str) -> web.Response:
        if refused(request):
            return web.error(403, "For masters only")
        change = store.put(key, json.loads(request.body))
        for peer in ensemble.peers:
            if ensemble.serving(peer):
                web.call_json(peer, PORT, "/table", change, method="POST")
        return web.reply({})

    return app


def main() -> None:
    """Run the service."""
    store = Store(STATE)
    ensemble = Ensemble(node.address(), node.config_list("master_list"))
    for peer in ensemble.peers:
        threading.Thread(target=watch, args=(peer, ensemble, store), daemon=True).start()
    build(ensemble, store).serve(PORT)


if __name__ == "__main__":
    main()
