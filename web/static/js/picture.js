// Makes a picture ready to be sent: upright, at most 1280 pixels, JPEG, without metadata.

const LONGEST = 1280;
const THUMB = 320;
export const SHRUNK_TYPE = "image/jpeg";

/** This browser cannot read the file; the message says what to do. */
export class Unreadable extends Error {}

/** Return {picture, thumb} as JPEG blobs. `source` is a file or a canvas. */
export async function shrink(source) {
  const bitmap = source instanceof Blob ? await read(source) : source;
  try {
    const picture = await draw(bitmap, LONGEST, 0.9);
    return { picture, thumb: await draw(bitmap, THUMB, 0.8) };
  } finally {
    bitmap.close?.();
  }
}

async function read(file) {
  if (!file.size) throw new Unreadable("The file is empty. Choose another one.");
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (/heic|heif/i.test(file.type + (file.name ?? ""))) {
      throw new Unreadable("This browser cannot read HEIC photos. Save it as JPEG; on an iPhone: Settings, Camera, Formats, Most Compatible.");
    }
    if (file.type && !file.type.startsWith("image/")) {
      throw new Unreadable("This is no picture. Choose a JPEG, PNG, WEBP, GIF or BMP.");
    }
    throw new Unreadable("This picture cannot be read: it is damaged, cut off or of an unknown kind. Save it again as JPEG and choose that.");
  }
}

function draw(bitmap, longest, quality) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // what is transparent is judged on white, as everywhere in Spotter
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob(
    (blob) => (blob ? resolve(blob) : reject(new Unreadable("This picture is too large for this browser. Make it smaller first."))),
    SHRUNK_TYPE, quality));
}
