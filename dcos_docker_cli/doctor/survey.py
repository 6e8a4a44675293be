"""What a node tells of itself: one script, which looks at all of it at once, and what it says as values."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.transports.base import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dcos_docker_cli.transports.base import NodeTransport

SECONDS = 15
"""After which the script ends on the node; each question in it has less."""
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
# NAMES are hosts of the cluster, OWN is the name by which Docker's resolver knows this node, TARGETS are addresses.
SCRIPT = r"""
export LC_ALL=C TZ=UTC
say() { printf '%s=%s\n' "$1" "$2"; }
say time "$(date +%s.%N)"

# What can hang is asked in the background. Docker is asked only if it runs: a socket of systemd's would start it.
{ docker=$(systemctl is-active docker.service)
  if [ "$docker" = active ]; then
    say docker_driver "$(timeout 4 docker info --format '{{.Driver}}' 2>/dev/null | tail -n 1)"
  fi
  say docker_state "$docker"; } &
say docker_wanted "$DOCKER_DRIVER"
for name in $NAMES; do
  say name "$name $(timeout 4 getent ahostsv4 "$name" | head -n 1 | cut -d ' ' -f 1)" &
done
if [ -n "$OWN" ]; then
  grep -q '^nameserver 198\.51\.100\.' /etc/resolv.conf && OWN=ready.spartan  # DC/OS' own resolver knows no container
  say resolver "$(timeout 4 getent -s dns ahostsv4 "$OWN" | head -n 1 | cut -d ' ' -f 1)" &
fi
for address in $TARGETS; do
  { why=$(timeout 3 bash -c "</dev/tcp/$address/22" 2>&1); code=$?
    [ $code != 124 ] || why="no answer within 3 s"
    [ $code = 0 ] && why=
    say reached "$address $(printf %s "${why##*: }" | tr '\n' ' ')"; } &
done

say nameservers "$(sed -n 's/^nameserver *//p' /etc/resolv.conf | tr '\n' ' ')"
sed 's/#.*//; s/^/host=/' /etc/hosts
say system "$(systemctl is-system-running 2>/dev/null)"
for path in / /var/lib/docker /opt /var/lib/mesos/slave /var/log/journal; do
  [ -d "$path" ] || continue
  say blocks "$path $(timeout 3 df -P -k "$path" | tail -n 1)"
  say inodes "$path $(timeout 3 df -P -i "$path" | tail -n 1)"
done

tell() {  # a unit, and the end of its journal
  systemctl show --property="$PROPERTIES" "$1" | sed 's/^/unit=/'
  say unit ''
  timeout 4 journalctl --unit "$1" --boot --lines 8 --no-pager --output cat 2>/dev/null |
    cut -c -300 | sed "s/^/journal=$1 /"
}
loops() {  # a unit that is started again and again: when that was done the first time; its own times are of the last
  say loops "$1 $(timeout 4 journalctl --unit "$1" --boot --no-pager --output short-unix 2>/dev/null |
    grep 'restart counter is at 1\.' | tail -n 1 | cut -d . -f 1)"
}
PROPERTIES=Id,Description,Type,ActiveState,SubState,StateChangeTimestamp,InactiveEnterTimestamp,NRestarts,TriggeredBy
systemctl list-units --state failed,auto-restart --no-legend --plain | cut -d ' ' -f 1 | while read -r unit; do
  say failed "$unit"
  tell "$unit"
  loops "$unit"
done
for unit in $(ls /etc/systemd/system/dcos.target.wants 2>/dev/null); do
  say component "$unit"
  systemctl --quiet is-active "$unit" || tell "$unit"
done
systemctl --quiet is-active docker.service || tell docker.service

group=$(sed -n 's/^[0-9]*:memory://p' /proc/1/cgroup)
if [ -n "$group" ]; then
  group="/sys/fs/cgroup/memory${group%/init.scope}"
  set -- limit_in_bytes usage_in_bytes oom_control
else
  group="/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/1/cgroup | sed 's,/init.scope$,,')"
  set -- max current events
fi
say memory_limit "$(cat "$group/memory.$1" 2>/dev/null)"
say memory_used "$(cat "$group/memory.$2" 2>/dev/null)"
say memory_cache "$(sed -n 's/^\(total_\)\{0,1\}inactive_file //p' "$group/memory.stat" 2>/dev/null | tail -n 1)"
# Of version 1 each group counts for itself alone; of version 2 the first one counts all.
[ "$1" = max ] && deep=1 || deep=9
find "$group" -maxdepth "$deep" -name "memory.$3" -exec sed -n 's/^oom_kill /oom_kill=/p' {} + 2>/dev/null
wait
say end yes
"""


@dataclass(frozen=True)
class Room:
    """Room at a path; `free` and `whole` are in KiB, or inodes."""

    path: str
    device: str
    whole: int
    free: int

    @property
    def part(self) -> float:
        """Which part is free; where nothing is counted, all of it."""
        return self.free / self.whole if self.whole else 1.0


@dataclass(frozen=True)
class Unit:
    """A unit of systemd that is not active, as `systemctl show` describes it."""

    properties: Mapping[str, str]
    journal: tuple[str, ...] = ()
    loops: str = ""
    """Since when it is started again and again, in seconds of the epoch."""

    @property
    def name(self) -> str:
        """Its name, as in `dcos-marathon.service`."""
        return self.properties.get("Id", "")

    @property
    def state(self) -> str:
        """Its state and the finer one, as in `inactive (dead)`; the second only where it says more."""
        active, sub = (self.properties.get(key, "") for key in ("ActiveState", "SubState"))
        return active if active == sub or not sub else f"{active} ({sub})"

    @property
    def restarts(self) -> str:
        """How often systemd has started it again; empty when never, or where systemd is too old to count."""
        return self.properties.get("NRestarts", "").lstrip("0")

    @property
    def is_restarted(self) -> bool:
        """Whether systemd starts it again and again."""
        return self.properties.get("SubState") == "auto-restart"

    @property
    def rests(self) -> bool:
        """Whether it is meant not to run now: it has done its work, or something else starts it."""
        occasional = self.properties.get("Type") == "oneshot" or bool(self.properties.get("TriggeredBy"))
        return occasional and self.properties.get("ActiveState") in ("inactive", "activating")

    @property
    def since(self) -> datetime | None:
        """When it came into this state; None when it has been in it from the start."""
        if self.is_restarted and self.loops.isdigit():
            return datetime.fromtimestamp(int(self.loops), timezone.utc)
        inactive = _time(self.properties.get("InactiveEnterTimestamp", ""))
        changed = _time(self.properties.get("StateChangeTimestamp", ""))
        return inactive if self.properties.get("ActiveState") in ("inactive", "failed") and inactive else changed


@dataclass(frozen=True)
class Report:
    """What a node said; `began` and `ended` are our clock before and after, in seconds."""

    said: Mapping[str, Sequence[str]]
    began: float
    ended: float

    @property
    def is_whole(self) -> bool:
        """Whether the node came to its end: what a report that was cut short lacks means nothing."""
        return bool(self.text("end"))

    def text(self, key: str) -> str:
        """Return what it said under a key, empty when nothing."""
        return self.said[key][-1].strip() if self.said.get(key) else ""

    def number(self, key: str) -> int:
        """Return a number; 0 when it said none."""
        text = self.text(key)
        return int(text) if text.isdigit() else 0

    def pairs(self, key: str) -> list[tuple[str, str]]:
        """Return what it said under a key: a first word and the rest of each line."""
        split = (line.partition(" ") for line in self.said.get(key, ()))
        return [(first, rest.strip()) for first, _, rest in split]

    def room(self, what: str) -> list[Room]:
        """Return the room at its directories, of `blocks` (KiB) or `inodes`, each file system once."""
        found: dict[tuple[str, int], Room] = {}
        for path, row in self.pairs(what):
            words = row.split()
            if len(words) >= 6 and words[1].isdigit() and words[3].isdigit():
                # What is used of a file system and can be had again: root's reserve is neither.
                whole = int(words[2]) + int(words[3])
                mounted = words[-1] if words[0] in ("tmpfs", "overlay") else ""
                found.setdefault((words[0] + mounted, whole), Room(path, words[0], whole, int(words[3])))
        return list(found.values())

    def units(self, key: str = "") -> list[Unit]:
        """Return the units that are not active, or those of them that it said under `failed` or `component`."""
        found: dict[str, Unit] = {}
        properties: dict[str, str] = {}
        for line in self.said.get("unit", ()):
            name, _, value = line.partition("=")
            if name:
                properties[name] = value
            elif properties:
                unit = properties.get("Id", "")
                journal = [text for named, text in self.pairs("journal") if named == unit]
                loops = dict(self.pairs("loops")).get(unit, "")
                found[unit] = Unit(properties, tuple(dict.fromkeys(journal)), loops)
                properties = {}
        wanted = self.said.get(key, ()) if key else found
        return [found[name] for name in wanted if name in found]


def survey(way: NodeTransport, *, own: str, names: Sequence[str], targets: Sequence[str]) -> Report:
    """Have a node look at itself, at the names of others, and at whether their addresses can be reached.

    Raises `DcosDockerError` when it says nothing at all.
    """
    began = time.time()
    variables = {"OWN": own, "NAMES": " ".join(names), "TARGETS": " ".join(targets)}
    result = run(way, ["timeout", str(SECONDS), "sh", "-c", SCRIPT], env=variables)
    said: dict[str, list[str]] = defaultdict(list)
    for line in result.stdout.decode(errors="replace").splitlines():
        key, _, value = line.partition("=")
        said[key].append(value)
    if "time" not in said:  # which is the first that it says
        why = result.stderr.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(why) if line.strip()), "")
        raise DcosDockerError(last or f"its shell ended with {result.returncode}")
    return Report(dict(said), began, time.time())


def state_since(unit: Unit, now: float) -> str:
    """Return how a unit is and since when, as in `is inactive (dead) since 2026-11-23 02:39:58 UTC (3 min)`."""
    again = f", started again {unit.restarts} times" if unit.restarts else ""
    return f"is {unit.state}{again} {since(unit.since, now)}"


def since(when: datetime | None, now: float) -> str:
    """Return a time and how long ago it was; `now` is in seconds of the epoch, by the same clock."""
    if when is None:
        return "since its start"
    age = max((datetime.fromtimestamp(now, timezone.utc) - when).total_seconds(), 0.0)
    size, word = next((step for step in AGES if age >= step[0]), AGES[-1])
    return f"since {when:%Y-%m-%d %H:%M:%S} UTC ({age // size:.0f} {word})"


def _time(text: str) -> datetime | None:
    """Read a time as systemd writes it: `Mon 2026-11-23 02:39:58 UTC`."""
    try:
        return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S %Z").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
