"""How the pictures of other systems were prepared, by the kind of file that those systems write."""

from dataclasses import dataclass

from models.manifest import Filter, InputSpec, Resize


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How a picture became numbers: value = (pixel - mean) / scale."""

    mean: float
    scale: float
    resize: Resize = "stretch"
    filter: Filter = "bilinear"

    def describe(self, height: int, width: int) -> InputSpec:
        """Return it as a manifest says it, for a float file."""
        return InputSpec(
            width=width,
            height=height,
            dtype="float32",
            resize=self.resize,
            filter=self.filter,
            mean=self.mean,
            scale=self.scale,
        )


FORMS = {
    # Keras's load_img and flow_from_directory take the nearest pixel unless told otherwise.
    "rescaled": Preprocessing(mean=0.0, scale=255.0, filter="nearest"),
    # Teachable Machine: PIL.ImageOps.fit with Lanczos, then x / 127.5 - 1.
    "teachable_machine": Preprocessing(mean=127.5, scale=127.5, resize="cover", filter="lanczos"),
    # Black ink on white, as a canvas draws, for networks that learnt white on black.
    "inverted": Preprocessing(mean=255.0, scale=-255.0, resize="contain"),
    "unscaled": Preprocessing(mean=0.0, scale=1.0, filter="nearest"),
}
