"""A machine that is short of memory is not taken for a picture that is too large."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
# Decodes with 30 MB to spare, where the picture's pixels take 64.
SHORT_OF_MEMORY = """
import resource, sys
from models.classifiers.image import decode
data = sys.stdin.buffer.read()
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 30_000_000, resource.RLIM_INFINITY))
try:
    decode(data)
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_want_of_memory_is_told_as_that(format_name: str) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(stream, format_name)
    command = [sys.executable, "-c", SHORT_OF_MEMORY]
    told = subprocess.run(
        command, input=stream.getvalue(), capture_output=True, check=True, cwd=ROOT
    )
    assert told.stdout.decode().strip() == "MemoryError"
