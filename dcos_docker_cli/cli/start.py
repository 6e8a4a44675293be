"""Where the program begins: before anything is imported that takes time."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the program and end the process.

    Until it can answer an interrupt in its own way, one ends it as any other program, without a traceback.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored, as for `nohup`
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dcos_docker_cli.cli.main import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
