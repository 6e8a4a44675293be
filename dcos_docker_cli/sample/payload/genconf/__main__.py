"""The installer's command line: what comes after the script's name ends here, in a container."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

import yaml

from ..dcos_sample import passwords
from . import config, packages, serve

GENCONF = Path("/genconf")
NOTE = "This is a stand-in made by dcos-docker. It is not DC/OS."
RED, PLAIN, BOLD = "\033[91m", "\033[0m", "\033[1m"


class RefusedError(Exception):
    """The configuration cannot be used; everything about it has been said."""


def say(line: str) -> None:
    """Write to stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def log(line: str, colour: str = PLAIN) -> None:
    """Write to stderr, in colour even without a terminal, as the real one does."""
    sys.stderr.write(f"{colour}{line}{PLAIN}\n")


def load_user_config() -> str:
    """Return the text of config.yaml."""
    path = GENCONF / "config.yaml"
    if not path.exists():
        say("Config file `genconf/config.yaml` must exist. Aborting.")
        raise RefusedError
    return path.read_text()


def checked_config(user: str, *, enterprise: bool) -> dict[str, str]:
    """Return the expanded configuration, or a line for each mistake."""
    try:
        loaded = yaml.safe_load(user)
    except yaml.YAMLError as exception:
        say(f"Unable to parse `genconf/config.yaml`: {exception}")
        raise RefusedError from None
    expanded = config.expand(loaded, enterprise=enterprise)
    wrong = config.errors(expanded, GENCONF, enterprise=enterprise)
    for key, message in wrong.items():
        log(f"{key}: {message}", RED)
    if wrong:
        raise RefusedError
    return expanded


def genconf(*, upgrade_from: str = "", verbose: bool = False) -> None:
    """Check the configuration and write ``serve``, with the upgrade script if that is asked for."""
    release = packages.release()
    log("====> EXECUTING CONFIGURATION GENERATION", BOLD)
    user = load_user_config()
    expanded = checked_config(user, enterprise=release.enterprise)
    if verbose:
        log(json.dumps({key: expanded[key] for key in sorted(expanded) if "password" not in key}, indent=2))
    say("Generating Bash configuration files for DC/OS")
    if not release.enterprise:
        say("not bootstrapping exhibitor CA: only available in DC/OS Enterprise")
    target = GENCONF / "serve"
    serve.write_all(target, release, expanded, packages.config_files(expanded, user, GENCONF))
    if upgrade_from:
        say(f"Node upgrade script URL: {serve.write_upgrade(target, release, expanded, upgrade_from)}")


def parse() -> argparse.Namespace:
    """Return the options; an unknown one ends 2."""
    parser = argparse.ArgumentParser(prog="dcos_generate_config.sh", description=NOTE)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--genconf", action="store_true", help="write genconf/serve (the default)")
    action.add_argument("--version", action="store_true", help="print variant and version as JSON")
    action.add_argument("--hash-password", metavar="PASSWORD", help="print its sha512-crypt hash")
    action.add_argument(
        "--generate-node-upgrade-script",
        metavar="VERSION",
        help="write a script that upgrades a node from VERSION",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    return parser.parse_args()


def main() -> int:
    """Run the command line."""
    arguments = parse()
    log(NOTE)
    if arguments.version:
        release = packages.release()
        say(json.dumps({"variant": release.variant, "version": release.version}, indent=2))
        return 0
    if arguments.hash_password is not None:
        say(passwords.hash_password(arguments.hash_password))
        return 0
    try:
        genconf(upgrade_from=arguments.generate_node_upgrade_script or "", verbose=arguments.verbose)
    except RefusedError:
        return 1
    except Exception as exception:
        # An empty config.yaml, for one. The real one does no better.
        log(f"{type(exception).__name__}: {exception}", RED)
        sys.stderr.write(traceback.format_exc())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
