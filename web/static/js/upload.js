// The upload page: takes photos by choice, camera, drop and paste; one goes on to its result, many to a sheet.

import { fill } from "./frame.js";
import { symbolOf } from "./looks.js";
import { Outbox } from "./outbox.js";
import { find, icon, make, tell } from "./page.js";
import { holdText, say } from "./say.js";

const door = find("door");
let sheet = null;
let single = null;

const outbox = new Outbox(document.body.dataset.pipeline, (item) => {
  if (sheet) sheet.update(item);
  else if (single) single.update(item);
});

function show(name) {
  for (const part of ["start", "sending", "sheet"]) find(part).hidden = part !== name;
}

function startAnew() {
  for (const item of outbox.open) outbox.cancel(item);
  outbox.forget();
  sheet?.close();
  sheet = single = null;
  document.title = "Spotter: who is in the picture?";
  show("start");
  find("choose").focus();
}

/** One photo: large, with what happens to it; then on to the page of its result. */
class Single {
  constructor() {
    this.frame = make("figure", { class: "frame" }, make("span", { class: "absent" }, icon("photo")));
    this.text = make("p");
    this.bar = make("progress", { max: 1, "aria-label": "Sending" });
    this.row = make("div", { class: "row" });
    this.bars = make("div", { class: "progress-of-one" }, this.text, this.bar);
    find("sending").replaceChildren(this.frame, this.bars, this.row);
    show("sending");
  }

  update(item) {
    if (item.thumb && !this.filled) { this.filled = true; fill(this.frame, item.picture ?? item.thumb, item.name); }
    const { title } = say(item);
    const refused = item.state === "refused";
    this.bars.hidden = refused;
    this.text.replaceChildren(make("b", {}, item.state === "held" ? holdText(item.hold) : title), make("span", { class: "quiet" }, item.name));
    if (item.state === "sending") this.bar.value = item.progress;
    else this.bar.removeAttribute("value");
    document.title = refused ? "Not sent · Spotter" : item.state === "sending" ? `${Math.round(100 * item.progress)} % · Spotter` : `${title} · Spotter`;
    if (item.id) return this.leave(item);
    if (item.state === "cancelled") return startAnew();
    if (refused) this.refuse(item);
    else if (!this.row.children.length) this.row.append(make("button", { class: "button", onclick: () => outbox.cancel(item) }, icon("close"), "Cancel"));
  }

  refuse(item) {
    const words = make("div", {}, make("p", {}, make("b", {}, `“${item.name}” was not sent.`)), make("p", {}, item.refused));
    this.frame.hidden = !this.filled;
    this.row.replaceChildren(make("div", { class: "notice", "data-kind": "fail" }, icon(symbolOf("fail")), words),
      make("button", { class: "button first", onclick: () => find("choose").click() }, icon("photo"), "Choose another"), make("button", { class: "button", onclick: startAnew }, "Back"));
    tell(`${item.name} was not sent. ${item.refused}`);
  }

  leave(item) {
    if (this.left) return; // a second assign would break off the first
    this.left = true;
    outbox.forget();
    location.assign(`/jobs/${item.id}`);
  }
}

/** The sheet's code comes when the first batch does; most visits bring one photo. */
async function openSheet() {
  const { Sheet } = await import("./sheet.js");
  sheet ??= new Sheet(outbox, startAnew);
  show("sheet");
}

async function take(files, left = 0) {
  if (!files.length) { if (left) tell("No picture was among them."); return; }
  const many = outbox.items.filter((item) => item.state !== "refused" || sheet).length + files.length > 1;
  if (many && !sheet) {
    await openSheet();
    for (const item of outbox.items) sheet.update(item);
  } else if (!many) {
    outbox.forget();
    single = new Single();
  }
  outbox.add(files);
}

function takeFrom(input) {
  const files = [...input.files];
  input.value = "";
  take(files);
}

for (const input of ["choose", "take"].map(find)) {
  input.addEventListener("change", () => takeFrom(input));
}
find("choose").multiple = true; // the plain form takes one
find("sample-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const picture = await (await fetch(find("sample").querySelector("img").src)).blob();
  take([new File([picture], "astronaut.jpg", { type: picture.type })]);
});
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (files.length) { event.preventDefault(); take(files); }
});

let depth = 0; // dragenter and dragleave also come from the parts inside
const over = (change) => { depth = Math.max(0, depth + change); door.classList.toggle("over", depth > 0); };
addEventListener("dragenter", (event) => { if (event.dataTransfer?.types.includes("Files")) over(1); });
addEventListener("dragleave", () => over(-1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  over(-depth);
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return take([...event.dataTransfer.files]);
  const files = (await Promise.all(entries.map(walk))).flat();
  const pictures = files.filter((file) => file.type.startsWith("image/"));
  take(pictures, files.length - pictures.length);
});

/** All files in a dropped folder, in the order of their names. */
async function walk(entry) {
  if (entry.isFile) return new Promise((done) => entry.file((file) => done([file]), () => done([])));
  const reader = entry.createReader();
  const inside = [];
  for (;;) { // a reader gives at most 100 at a time
    const part = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!part.length) break;
    inside.push(...part);
  }
  inside.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return (await Promise.all(inside.map(walk))).flat();
}

// Back from the result of a single photo: the browser may show this page as it was left.
addEventListener("pageshow", (event) => { if (event.persisted && single) startAnew(); });

const saved = outbox.recall();
if (saved.length > 1) openSheet().then(() => outbox.resume());
else if (saved.length === 1 && !saved[0].refused) { single = new Single(); outbox.resume(); }

// On a slow line a photo may be chosen before this code is there.
for (const input of ["choose", "take"].map(find)) {
  if (input.files.length) takeFrom(input);
}
