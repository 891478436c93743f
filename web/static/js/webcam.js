// The webcam page: a capture every few seconds, the answer drawn on the capture itself.

import { Unreachable, awaitEnd, countWorkers, deliver } from "./api.js";
import { drawBand } from "./band.js";
import { CameraTrouble, listCameras, openCamera, takeFrame } from "./camera.js";
import { fill } from "./frame.js";
import { look, symbolOf } from "./looks.js";
import { download, find, icon, make, makeKey, sleep, tell, title } from "./page.js";
import { shrink } from "./picture.js";
import { keep } from "./shelf.js";

const SHOWN = 24; // captures in the strip
const LATE_MS = 5000; // when there has been no answer for longer than this, it is looked into
const video = find("video");
const settings = { every: 10, name: "", ...JSON.parse(localStorage.getItem("spotter.webcam") ?? "{}") };
// Two tabs of one browser are two cameras, unless somebody names them alike.
const ownName = (sessionStorage["spotter.camera"] ??= `webcam-${Math.random().toString(36).slice(2, 6)}`);
let stream = null;
let due = 0; // when the next capture is taken, in ms of performance.now()
let hero = null; // the capture that is shown large
let unanswered = null; // when the first capture was taken that has no answer yet
let looked = 0;

const clock = (when) => when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const cameraName = () => find("name").value.trim().replace(/[^A-Za-z0-9._-]+/g, "-") || ownName;
const running = () => Boolean(stream);

function showState(state) {
  find("cam").dataset.state = state;
  const live = ["live", "paused"].includes(state);
  find("intro").hidden = state !== "intro";
  find("trouble").hidden = state !== "trouble";
  find("inset").hidden = !live;
  find("inset").classList.toggle("full", !hero);
  find("shot").hidden = !hero || !["live", "paused", "stopped"].includes(state);
  find("ring").hidden = state !== "live";
  find("tag").hidden = !["paused", "stopped"].includes(state);
  find("tag").textContent = state === "paused" ? "Paused while the page was hidden" : "Stopped";
  find("stop").hidden = !live && state !== "stopped";
  find("stop").classList.toggle("first", !live);
  find("large").hidden = !live || !document.fullscreenEnabled;
  find("stop").replaceChildren(icon(live ? "close" : "webcam"), live ? "Stop" : "Start again");
  find("now").hidden = !live;
}

function notice(text, kind = "wait") {
  find("notice").hidden = !text;
  if (!text || find("notice").textContent === text) return;
  find("notice").dataset.kind = kind;
  find("notice").replaceChildren(icon(symbolOf(kind)), make("p", {}, text));
  tell(text);
}

async function start(deviceId) {
  find("allow").disabled = true;
  halt();
  try {
    stream = await openCamera(deviceId);
  } catch (error) {
    explain(error);
    return;
  } finally {
    find("allow").disabled = false;
  }
  stream.getVideoTracks()[0].addEventListener("ended", () => {
    halt();
    explain(new CameraTrouble("gone", "The camera went away", "It was unplugged, switched off or taken by another program. Start again when it is back."));
  });
  video.srcObject = stream;
  await video.play().catch(() => undefined);
  await offerCameras();
  showState(document.hidden ? "paused" : "live");
  title("Watching");
  due = performance.now() + 800; // the first frames of a camera are often dark
  keepAwake();
  tick();
}

function halt() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
}

function explain(error) {
  const words = make("p", {}, error.message);
  const again = make("button", { class: "button first", onclick: () => start(find("choice").value) }, icon("again"), "Start again");
  find("trouble").dataset.kind = error.kind;
  find("trouble").replaceChildren(icon("fail"), make("h2", {}, error.title), words, ...(error.kind === "insecure" ? [] : [again]));
  showState("trouble");
  title(error.title);
  tell(`${error.title}. ${error.message}`);
}

async function offerCameras() {
  const used = stream.getVideoTracks()[0].getSettings().deviceId;
  find("choice").replaceChildren(...(await listCameras()).map(([value, text]) => make("option", { value, selected: value === used }, text)));
  find("choice").disabled = false;
}

async function keepAwake() {
  try { await navigator.wakeLock?.request("screen"); } catch { /* the screen may go dark; nothing else changes */ }
}

/** Run while the camera is open: move the ring, take a capture when it is time. */
async function tick() {
  const mine = stream;
  while (running() && stream === mine) {
    if (!document.hidden) {
      const left = Math.max(0, due - performance.now());
      find("arc").setAttribute("stroke-dashoffset", String(100 - (100 * left) / (settings.every * 1000)));
      find("left").textContent = String(Math.ceil(left / 1000));
      if (left === 0) capture();
      if (unanswered && Math.min(Date.now() - unanswered, Date.now() - looked) > LATE_MS) lookInto();
    }
    await sleep(100);
  }
}

async function capture() {
  due = performance.now() + settings.every * 1000;
  const frame = takeFrame(video);
  if (!frame) return; // the camera shows nothing yet; the next one comes soon enough
  const shot = { frame, when: new Date(), look: { kind: "wait", title: "Looking…" } };
  if (!hero || hero.look.kind === "wait") present(shot); // else the last answer stays until the next one is there
  try {
    await ask(shot);
  } catch (error) {
    settle(shot, { kind: "fail", title: "No answer" });
    notice(error instanceof Unreachable ? "Spotter cannot be reached. The next capture tries again." : error.message, "fail");
  }
}

async function ask(shot) {
  const { picture, thumb } = await shrink(shot.frame);
  const stop = new AbortController();
  shot.drop = () => stop.abort(new Unreachable());
  unanswered ??= shot.when;
  addToStrip(shot, thumb);
  const job = await deliver(picture, {
    key: makeKey(), camera: cameraName(), pipeline: document.body.dataset.pipeline, signal: stop.signal,
    onHold: (hold) => onHold(shot, hold),
  });
  Object.assign(shot, { id: job.id });
  keep({ id: job.id, picture, thumb, name: `${cameraName()} ${clock(shot.when)}` });
  const end = await awaitEnd(job.id);
  settle(shot, look(end));
  if (!end.outcome) return;
  unanswered = null;
  notice("");
}

/** A full queue: the newest capture counts, so one that was not taken in time for the next is dropped. */
function onHold(shot, { why, seconds }) {
  notice(why === "full" ? `The queue is full. Trying again in ${seconds} s.` : `Spotter cannot be reached. Trying again in ${seconds} s.`);
  if (due - performance.now() < 1000) shot.drop();
}

async function lookInto() {
  looked = Date.now();
  const workers = await countWorkers();
  if (!unanswered) return;
  notice(workers === 0
    ? `No worker answers since ${clock(unanswered)}. The last answer stays; the newest capture waits and is answered first.`
    : `No answer since ${clock(unanswered)}: other pictures are before yours.`);
}

function settle(shot, answer) {
  shot.look = answer;
  if (shot.tile) drawTile(shot);
  const answered = !["over", "fail"].includes(answer.kind);
  if (shot === hero || (answered && shot.when >= hero.when)) present(shot);
}

/** Show a capture large with its answer on it. */
function present(shot) {
  hero = shot;
  const { kind, title: short, long: words = short, score } = shot.look;
  const note = [clock(shot.when), score, cameraName()].filter(Boolean).join("  ·  ");
  drawBand(find("shot"), shot.frame, { kind, title: words, note });
  find("shot").setAttribute("aria-label", `Capture of ${clock(shot.when)}: ${words}`);
  if (running()) showState(document.hidden ? "paused" : "live");
  find("save").hidden = kind === "wait";
  find("save").onclick = () => save(shot, words);
  if (kind !== "wait" && !document.hidden) { title(short); tell(words); }
}

function save(shot, words) {
  const name = `spotter-${shot.when.toISOString().slice(0, 19).replaceAll(":", "")}-${words.toLowerCase().replace(/[^a-z]+/g, "-").replace(/-$/, "")}.jpg`;
  find("shot").toBlob((blob) => download(blob, name), "image/jpeg", 0.92);
}

function addToStrip(shot, thumb) {
  const frame = make("span", { class: "frame" });
  shot.link = make("a", {}, frame, make("span", { class: "badge" }), make("time", { dateTime: shot.when.toISOString() }, clock(shot.when)));
  shot.tile = make("li", { class: "tile" }, shot.link);
  fill(frame, thumb, "");
  drawTile(shot);
  find("captures").hidden = false;
  find("strip").prepend(shot.tile);
  if (!find("strip").contains(document.activeElement)) find("strip").scrollLeft = 0;
  while (find("strip").children.length > SHOWN) find("strip").lastChild.remove();
}

function drawTile({ tile, link, look: { kind, title: words }, id }) {
  tile.dataset.kind = kind;
  if (id) link.href = `/jobs/${id}`;
  link.querySelector(".badge").replaceChildren(icon(symbolOf(kind)), make("span", {}, words));
}

function onSettings() {
  settings.every = Math.min(60, Math.max(2, Number(find("every").value) || 10));
  settings.name = find("name").value.trim();
  find("every-text").textContent = `${settings.every} seconds`;
  find("every").setAttribute("aria-valuetext", `${settings.every} seconds`);
  due = Math.min(due, performance.now() + settings.every * 1000);
  try { localStorage.setItem("spotter.webcam", JSON.stringify(settings)); } catch { /* kept for this visit only */ }
}

find("every").value = settings.every;
find("name").value = settings.name;
find("name").placeholder = ownName;
onSettings();
find("every").addEventListener("input", onSettings);
find("name").addEventListener("change", onSettings);
find("allow").addEventListener("click", () => start());
find("allow").disabled = false; // until now a click would have been lost
find("choice").addEventListener("change", () => { if (running()) start(find("choice").value); });
find("now").addEventListener("click", capture);
find("large").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : find("stage").requestFullscreen()));
find("stop").addEventListener("click", () => {
  if (!running()) return start(find("choice").value);
  halt();
  showState("stopped");
  title("Stopped");
});
document.addEventListener("visibilitychange", () => {
  if (!running()) return;
  showState(document.hidden ? "paused" : "live");
  if (document.hidden) title("Paused");
  else { due = Math.max(performance.now() + 500, due); title("Watching"); keepAwake(); }
});
addEventListener("pagehide", halt);
// A secure page is needed before anything is asked; better said at once than after a click.
if (!isSecureContext) openCamera().catch(explain);
