"""Coverage-guided fuzzing of one target, for so many seconds.

    python -m tests.fuzz.run door 180

What it finds lies in var/fuzz/<target>/finds; each find belongs into test_fuzz.py. The corpus is
kept beside it, so that the next run begins where this one ended.
"""

import importlib
import sys
from pathlib import Path

MOST_SECONDS_EACH, MOST_MEGABYTES = 5, 2048
MODULES = (
    *("web.arrivals", "web.multipart", "web.headers", "web.uploads", "web.parameters"),
    *("multipart", "models.classifiers.containers", "models.classifiers.image"),
    *(f"PIL.{name}" for name in ("Image", "ImageFile", "JpegImagePlugin", "PngImagePlugin")),
    *(f"PIL.{name}" for name in ("GifImagePlugin", "WebPImagePlugin", "BmpImagePlugin")),
)


def main(target: str, seconds: int) -> None:
    """Run libFuzzer; it ends the process, with a status other than 0 after a find."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: it is built for Linux on x86-64 with Python 3.11+ only")
    with atheris.instrument_imports(include=list(MODULES)):
        for module in MODULES:
            importlib.import_module(module)
    from tests.fuzz.targets import TARGETS

    call, list_seeds = TARGETS[target]
    folder = Path("var/fuzz") / target
    for name in ("corpus", "seeds", "finds"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(list_seeds()):
        (folder / "seeds" / f"{number:03}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={MOST_SECONDS_EACH}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-artifact_prefix={folder}/finds/",
        "-max_len=65536",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus"), str(folder / "seeds")], call)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
