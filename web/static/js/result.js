// The result page comes whole from the server; this keeps it up to date and brings the picture.

import { deliver, countWorkers } from "./api.js";
import { fill } from "./frame.js";
import { find, localTimes, makeKey, sleep, tell } from "./page.js";
import { keep, recall } from "./shelf.js";

const result = find("result");
const id = result.dataset.id;
const FINAL = (state) => !["queued", "running"].includes(state);
let kept;
let patience = "";

async function showPicture() {
  kept = await recall(id);
  if (kept) await fill(find("picture"), kept.picture, kept.name ? `Your picture ${kept.name}` : "Your picture");
  else find("absent").hidden = false;
  dress();
}

/** Ask the server for the page anew and take over the parts that live. */
async function refresh() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!answer.ok) { if ([401, 404].includes(answer.status)) location.reload(); return false; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = find("mechanics").open;
  const focused = find("answer").contains(document.activeElement);
  for (const part of page.querySelectorAll("[data-live]")) find(part.id).replaceWith(document.importNode(part, true));
  find("mechanics").open = open;
  document.title = page.title;
  const before = result.dataset.state;
  result.dataset.state = page.getElementById("result").dataset.state;
  if (focused) find("answer").focus();
  if (FINAL(result.dataset.state) && !FINAL(before)) tell(`${find("answer").querySelector("h1").textContent}. ${find("answer").querySelector(".why").textContent}`);
  dress();
  return FINAL(result.dataset.state);
}

/** What the server cannot know: local times, and whether this browser still has the picture. */
function dress() {
  localTimes(result);
  const again = find("again");
  if (again) {
    again.hidden ||= !kept;
    again.onclick = tryAgain;
    // The server's own copy does where this browser has none.
    if (find("retry")) find("retry").hidden = !again.hidden;
  }
  if (find("patience")) {
    find("patience").hidden = !patience;
    find("patience").textContent = patience;
  }
}

async function tryAgain({ currentTarget: button }) {
  button.disabled = true;
  tell("Sending again");
  try {
    const job = await deliver(kept.picture, {
      key: makeKey(), pipeline: document.body.dataset.pipeline, camera: result.dataset.camera,
      onHold: ({ seconds }) => { button.lastChild.textContent = `Again in ${seconds} s`; },
    });
    await keep({ ...kept, id: job.id });
    location.assign(`/jobs/${job.id}`);
  } catch (error) {
    button.disabled = false;
    find("answer").querySelector(".why").textContent = error.message;
  }
}

/** Follow the job by server-sent events; where they do not come through, by asking every second. */
async function follow() {
  let changed = true;
  let wake = () => {};
  const events = "EventSource" in window ? new EventSource(`/api/v1/jobs/${id}/events`) : null;
  const stir = () => { changed = true; wake(); };
  for (const name of ["queued", "running", "stage", "done"]) events?.addEventListener(name, stir);
  addEventListener("pagehide", () => events?.close(), { once: true });
  for (;;) {
    if (changed || !events || events.readyState !== EventSource.OPEN) {
      changed = false;
      try { if (await refresh()) break; } catch { /* the server is away for a moment; ask again */ }
    }
    await Promise.all([sleep(300), Promise.race([sleep(1000), new Promise((done) => { wake = done; })])]);
  }
  events?.close();
}

async function worry() {
  while (!FINAL(result.dataset.state)) {
    await sleep(10000);
    const workers = await countWorkers();
    patience = workers === 0
      ? "No worker is running now. Your picture is safe in the queue and is answered as soon as one is back; you can close this page and come again."
      : "This takes longer than usual: other pictures are before yours. You can close this page and come again.";
    if (find("patience")) dress();
  }
}

showPicture();
if (!FINAL(result.dataset.state)) { follow(); worry(); }
