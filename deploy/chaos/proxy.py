"""A network between a program and the queue server, which can swallow everything in silence."""

import contextlib
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit


class Proxy:
    """Passes TCP connections on to a Unix socket.

    While it is a hole, nothing passes in either direction and nothing is closed: no RST, no FIN, as
    behind a NAT that forgot a connection or a cable that was pulled. Connections that were open
    when the hole opened stay dead for ever; new ones work again after `heal`.
    """

    def __init__(self, target: Path) -> None:
        self._target = str(target)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_hole = threading.Event()
        self._closed = False
        self._pairs: list[tuple[socket.socket, socket.socket, threading.Event]] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        """Return the port to connect to, on the loopback address."""
        port: int = self._listener.getsockname()[1]
        return port

    def lead(self, url: str) -> str:
        """Spell the address of the Unix socket's server as one that leads through this proxy."""
        return f"redis://{urlsplit(url).netloc.rpartition('@')[0]}@127.0.0.1:{self.port}/0"

    def open_hole(self) -> None:
        """Swallow everything from now on."""
        self._is_hole.set()
        for _, _, is_dead in self._pairs:
            is_dead.set()

    def heal(self) -> None:
        """Let new connections through; the old ones stay dead."""
        self._is_hole.clear()

    def close(self) -> None:
        """Close every connection."""
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._acceptor.join()
        self._listener.close()
        for near, far, _ in self._pairs:
            near.close()
            far.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            is_dead = threading.Event()
            if self._is_hole.is_set():
                is_dead.set()  # whoever connects now hears nothing, now and later
            else:
                with contextlib.suppress(OSError):
                    far.connect(self._target)
            self._pairs.append((near, far, is_dead))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._pass, args=(source, sink, is_dead), daemon=True
                ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, is_dead: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_dead.is_set():
                    return
                sink.sendall(data)
        if not is_dead.is_set() and not self._closed:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
