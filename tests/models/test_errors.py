import pickle

from models.errors import ImageCode, ImageError


def test_an_image_error_survives_pickling_with_its_code() -> None:
    error = pickle.loads(pickle.dumps(ImageError(ImageCode.DAMAGED, "Send it again.")))
    assert (error.code, str(error)) == ("image_damaged", "Send it again.")


def test_the_codes_that_clients_see_never_change() -> None:
    assert {code.value for code in ImageCode} == {
        "image_truncated",
        "image_damaged",
        "image_too_large",
        "image_unsupported",
    }
