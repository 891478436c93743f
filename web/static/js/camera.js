// The camera of this browser: opening it, choosing one, taking a frame, and its refusals in words.

/** The camera cannot be used; `title` says what happened, the message what to do. */
export class CameraTrouble extends Error {
  constructor(kind, title, message) {
    super(message);
    Object.assign(this, { kind, title });
  }
}

const FIXES = {
  firefox: "Click the crossed-out camera at the left of the address and remove “Blocked”, then start again.",
  safari: "Open Safari, Settings for This Website (on an iPhone: the button at the left of the address, Website Settings), set Camera to Allow, then start again.",
  chrome: "Click the sign at the left of the address, switch Camera on, then start again.",
};

function fixHere() {
  const agent = navigator.userAgent;
  if (/firefox/i.test(agent)) return FIXES.firefox;
  return /safari/i.test(agent) && !/chrom/i.test(agent) ? FIXES.safari : FIXES.chrome;
}

/** Open a camera and return its stream. */
export async function openCamera(deviceId) {
  if (!isSecureContext || !navigator.mediaDevices) {
    throw new CameraTrouble("insecure", "This page is not on HTTPS",
      `Browsers lend the camera only to pages on https:// or on this computer itself. Open ${location.host} by https://, or use http://localhost on the computer that runs Spotter.`);
  }
  const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: deviceId ? { ...size, deviceId: { exact: deviceId } } : { ...size, facingMode: "environment" } });
  } catch (error) {
    throw translate(error);
  }
}

function translate(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return new CameraTrouble("refused", "The camera was refused", fixHere());
    case "NotFoundError":
    case "OverconstrainedError":
      return new CameraTrouble("none", "No camera was found", "Plug one in or switch it on, then start again. A single photo can be sent from the page Photos.");
    case "NotReadableError":
    case "AbortError":
      return new CameraTrouble("busy", "The camera is busy", "Another program or tab seems to use it. Close that, then start again.");
    default:
      return new CameraTrouble("other", "The camera did not start", error.message || error.name);
  }
}

/** The cameras that may be chosen, as [id, name]; names are known after permission only. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }, index) => [deviceId, label || `Camera ${index + 1}`]);
}

/** Take what the video shows now as a canvas, or null while it shows nothing (0 x 0). */
export function takeFrame(video) {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width || !height || video.readyState < 2) return null;
  const scale = Math.min(1, 1280 / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}
