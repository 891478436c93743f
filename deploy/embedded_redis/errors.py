"""What can go wrong with the queue server, each as one line that a person can act on."""

from deploy.errors import StackError


class QueueServerError(StackError):
    """The queue server cannot run; the message is one line for the user."""


class AlreadyRunning(QueueServerError):
    """Another process holds the lock of this data folder."""


class NoServerFound(QueueServerError):
    """There is no bundled server for this platform and none of a sound version on PATH."""
