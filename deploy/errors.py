"""What keeps a stack from starting, each as one line that a person can act on."""


class StackError(Exception):
    """The stack cannot start; the message is one line for the user and names the setting."""
