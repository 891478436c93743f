// Keeps the status page up to date: one small request every two seconds while somebody looks.

import { find, icon, localTimes, make, tell, title } from "./page.js";

const EVERY_MS = 2000;
const HEIGHT = 40;
const root = find("status");
let verdict = root.querySelector("h1").textContent;

/** The same path as web/plots.py draws. */
function drawBars(values) {
  const most = Math.max(0, ...values.map((value) => value ?? 0)) || 1;
  return values.map((value, place) => value === null ? "" : `M${place * 4} ${HEIGHT}v-${Math.max(1, HEIGHT * value / most).toFixed(1)}h3V${HEIGHT}z`).join("");
}

const time = (text) => make("time", { dateTime: text });

function showVerdict({ kind, title: name, text }) {
  find("verdict").dataset.kind = kind;
  find("verdict").querySelector(".symbol").replaceChildren(icon(kind));
  find("verdict").querySelector("h1").textContent = name;
  find("verdict").querySelector("div p").textContent = text;
  if (name !== verdict) tell(`${name}. ${text}`);
  verdict = name;
  title(name);
}

function fill(id, rows, empty) {
  find(id).replaceChildren(...(rows.length ? rows : [empty]));
}

function show(standing) {
  showVerdict(standing.verdict);
  root.classList.toggle("stale", !standing.time);
  if (!standing.time) return;
  if (!find("workers")) return location.reload(); // the page came while nothing was known
  find("when").replaceChildren("as of ", time(standing.time));
  for (const element of root.querySelectorAll("[data-show]")) element.textContent = standing[element.dataset.show];
  for (const element of root.querySelectorAll("[data-count]")) element.textContent = standing[element.dataset.count].length;
  for (const element of root.querySelectorAll("[data-bytes]")) element.textContent = `${(standing[element.dataset.bytes] / 1048576).toFixed(1)} MB`;
  for (const path of root.querySelectorAll("[data-bars]")) path.setAttribute("d", drawBars(standing.minutes[path.dataset.bars]));
  for (const element of root.querySelectorAll("[data-most]")) element.textContent = Math.max(0, ...standing.minutes[element.dataset.most].map((value) => value ?? 0));
  fill("workers", standing.workers.map(({ name, models }) => make("tr", {}, make("td", {}, name), make("td", {}, ...Object.entries(models).sort().map(([model, version]) => make("span", { class: "version" }, `${model} ${version}`))))),
    make("tr", {}, make("td", { colSpan: 2, class: "quiet" }, "None was seen in the last five seconds.")));
  fill("failed", standing.failed.map((job) => make("li", {}, make("a", { href: job.page }, time(job.time)), " ", make("code", {}, job.code), make("p", { class: "small quiet" }, job.text))),
    make("li", { class: "quiet" }, "No job failed."));
  fill("refusals", standing.refusals.map((one) => make("tr", {}, make("td", {}, one.title, make("br"), make("code", {}, one.code)), make("td", { class: "count" }, String(one.count)))),
    make("tr", {}, make("td", { class: "quiet" }, "Nothing was refused.")));
  localTimes(root);
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/status.json");
    if (answer.ok) show(await answer.json());
    else if (answer.status === 401 || answer.status === 403) location.reload(); // signed out meanwhile
    else throw new Error(answer.status);
  } catch {
    showVerdict({ kind: "fail", title: "Spotter does not answer", text: "What is below is how it was last. This page goes on by itself." });
    root.classList.add("stale");
  }
}

localTimes(root);
document.addEventListener("visibilitychange", look);
(async function goOn() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    await look();
  }
})();
