// Puts a picture into its frame: whole, over a haze of itself that fills the rest.

import { make } from "./page.js";

export function fill(frame, blob, alt) {
  const url = URL.createObjectURL(blob);
  const haze = make("img", { class: "haze", src: url, alt: "", "aria-hidden": "true" });
  const image = make("img", { src: url, alt });
  for (const old of frame.querySelectorAll("img, .absent, .corners")) old.remove();
  frame.prepend(haze, image);
  return image.decode().catch(() => undefined);
}
