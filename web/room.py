"""How many bytes of request bodies one process holds at once, so that uploads cannot fill it."""

import threading


class Room:
    """A fixed number of bytes that requests share; safe for threads and greenlets."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Take so many bytes, or none and say False."""
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def give_back(self, count: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._left += count
