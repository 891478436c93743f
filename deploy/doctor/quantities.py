"""Quantities as Kubernetes, Cloud Run and App Engine write them."""


def read_cpus(text: str) -> float:
    """Return cores, of `2` or `250m`.

    Raises:
        ValueError: When it is neither.
    """
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def read_gigabytes(text: str) -> float:
    """Return GiB, of `512Mi` or `2Gi`: platforms bill by these.

    Raises:
        KeyError, ValueError: When it is neither.
    """
    return float(text[:-2]) / {"Mi": 1024, "Gi": 1}[text[-2:]]
