import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from models.classifiers.pictures import make_pictures

# The five accepted types; MPO is a JPEG with several pictures, TIFF is the format of EXIF, PPM is
# loaded by Pillow itself with the common ones. None of the last three is accepted as a file.
WANTED = {"Bmp", "Gif", "Jpeg", "Png", "WebP", "Mpo", "Tiff", "Ppm"}
DECODE_ALL = """
import sys
from pathlib import Path
from models.classifiers.image import decode
from models.errors import ImageError
for path in Path(sys.argv[1]).iterdir():
    try:
        decode(path.read_bytes(), smallest=(32, 32))
    except ImageError as error:
        print(path.name, error.code)
loaded = {name[4:-11] for name in sys.modules if name.endswith("ImagePlugin")}
print(*sorted(loaded - set(sys.argv[2:])))
"""


def test_no_decoder_is_loaded_that_is_not_wanted(tmp_path: Path) -> None:
    for name, data in make_pictures().items():
        (tmp_path / name).write_bytes(data)
    for format_name in ("GIF", "BMP", "MPO", "TIFF"):
        buffer = io.BytesIO()
        Image.new("RGB", (9, 9)).save(buffer, format_name)
        (tmp_path / f"a.{format_name}").write_bytes(buffer.getvalue())
    command = [sys.executable, "-c", DECODE_ALL, str(tmp_path), *sorted(WANTED)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["a.TIFF image_unsupported", ""]
