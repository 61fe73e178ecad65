"""The worker as a child of the server: begun after it, begun anew if it dies, stopped with it."""

import os
import subprocess
import sys
import threading
from typing import Final

#: Seconds after the server's start, which must not wait for it, and before a dead worker is replaced.
DELAY: Final = 5.0
_PROGRAM: Final = "from app.cli import main; main()"


class WorkerProcess:
    def __init__(self, delay: float = DELAY) -> None:
        self._delay = delay
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends it; a job that it is at begins anew with the next one."""
        with self._lock:
            self._stopping.set()
            if self.process is not None and self.process.poll() is None:
                self.process.terminate()
        self._thread.join(timeout=10)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _keep(self) -> None:
        while not self._stopping.wait(self._delay):
            with self._lock:
                if self._stopping.is_set():
                    return
                command = [sys.executable, "-c", _PROGRAM, "worker", "--parent", str(os.getpid())]
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves
            self.process.wait()
