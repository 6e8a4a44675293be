"""Where the program begins: before anything is imported that takes time."""

from __future__ import annotations

import gc
import signal

OBJECTS = 100_000
"""What is imported is some tens of thousands of objects, and none of them garbage: looking for it took a tenth of the
time of a short command. A long one finds its garbage still."""


def main() -> None:
    """Run the program and end the process.

    Until it can answer an interrupt in its own way, one ends it as any other program, without a traceback.
    """
    gc.set_threshold(OBJECTS)
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored, as for `nohup`
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dcos_docker_cli.cli.main import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    finally:
        gc.freeze()  # the system takes the memory back, and Python need not look through it once more
