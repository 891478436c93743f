// Draws the answer on the capture itself: a band over its lower part, to be read from two metres away.

import { symbolOf } from "./looks.js";

// Fixed colours, the same by day and night: white words on each of them have a contrast above 5 to 1.
const COLOURS = { pass: "#00695a", stop: "#a5350d", none: "#434e5c", unsure: "#6d3199", fail: "#931a3a", over: "#434e5c", wait: "#23262c" };

/** Draw `frame` (a canvas) with the words on it; sizes follow the frame, so that a saved picture reads the same. */
export function drawBand(canvas, frame, { kind, title, note }) {
  const { width, height } = frame;
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.drawImage(frame, 0, 0);
  const unit = Math.min(width, height * 1.5) / 100;
  const tall = 15 * unit;
  const top = height - tall;
  pen.fillStyle = COLOURS[kind];
  pen.globalAlpha = 0.92;
  pen.fillRect(0, top, width, tall);
  pen.globalAlpha = 1;
  drawSymbol(pen, symbolOf(kind), 3 * unit, top + 3 * unit, 9 * unit);
  pen.fillStyle = "#fff";
  pen.textBaseline = "middle";
  const left = 15 * unit;
  const room = width - left - 3 * unit;
  const font = getComputedStyle(document.body).fontFamily;
  pen.font = `700 ${7.6 * unit}px ${font}`;
  pen.fillText(title, left, top + 5.8 * unit, room);
  pen.font = `500 ${3 * unit}px ${font}`;
  pen.fillText(note, left, top + 12 * unit, room);
}

function drawSymbol(pen, name, x, y, size) {
  const path = document.querySelector(`#i-${name} path`)?.getAttribute("d");
  if (!path) return;
  pen.save();
  pen.translate(x, y);
  pen.scale(size / 24, size / 24);
  Object.assign(pen, { strokeStyle: "#fff", lineWidth: 2.4, lineCap: "round", lineJoin: "round" });
  pen.stroke(new Path2D(path));
  pen.restore();
}
