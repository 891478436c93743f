// Many pictures at once: a tile for each, that turns into its answer; counts that filter; a CSV.

import { countWorkers } from "./api.js";
import { fill } from "./frame.js";
import { look, symbolOf } from "./looks.js";
import { download, find, icon, make, tell } from "./page.js";
import { holdText, say } from "./say.js";

const GROUPS = { pass: "riders", stop: "someone else", none: "no human", unsure: "unsure", fail: "without an answer" };

export class Sheet {
  constructor(outbox, onEnd) {
    this.outbox = outbox;
    this.tiles = new Map();
    this.only = "";
    this.moved = Date.now();
    this.heading = make("h1");
    this.progress = make("progress", { max: 1, value: 0, "aria-label": "Answered" });
    this.notice = make("div", { class: "notice", "data-kind": "wait", hidden: true });
    this.chips = make("div", { class: "chips", role: "group", "aria-label": "Show only" });
    this.list = make("ul", { class: "tiles" });
    this.csv = make("button", { class: "button slim", onclick: () => download(toCsv(outbox.items), "spotter.csv") }, icon("down"), "CSV");
    this.stop = make("button", { class: "button slim", onclick: () => outbox.open.forEach((item) => outbox.cancel(item)) }, icon("close"), "Cancel the rest");
    this.anew = make("button", { class: "button slim", onclick: onEnd }, icon("again"), "Start anew");
    const more = make("button", { class: "button slim", onclick: () => find("choose").click() }, icon("photo"), "Add photos");
    const heads = make("div", { class: "heads" }, this.heading, make("div", { class: "row" }, more, this.csv, this.stop, this.anew));
    find("sheet").replaceChildren(make("header", {}, heads, this.progress, this.notice, this.chips), this.list);
    this.timer = setInterval(() => this.#worry(), 5000);
  }

  close() {
    clearInterval(this.timer);
    find("sheet").replaceChildren();
  }

  /** Draw what has changed. */
  update(item) {
    if (!this.tiles.has(item)) this.#addTile(item);
    if (item.state !== "held") this.moved = Date.now();
    this.#drawTile(item);
    this.pending ??= requestAnimationFrame(() => { this.pending = undefined; this.#drawHead(); });
  }

  #addTile(item) {
    const frame = make("span", { class: "frame" }, make("span", { class: "absent" }, icon("photo")));
    const badge = make("span", { class: "badge" });
    const name = make("span", { class: "name one", title: item.name }, item.name);
    const body = make("a", {}, frame, badge, name);
    const drop = make("button", { class: "drop", "aria-label": `Cancel ${item.name}`, onclick: () => this.outbox.cancel(item) }, icon("close"));
    const tile = make("li", { class: "tile" }, body, drop);
    this.tiles.set(item, { tile, body, frame, badge, name, drop });
    this.list.append(tile);
  }

  #drawTile(item) {
    const { tile, body, frame, badge, name, drop } = this.tiles.get(item);
    if (item.thumb && !frame.dataset.filled) {
      frame.dataset.filled = "yes";
      fill(frame, item.thumb, "");
    }
    const { kind, title } = say(item);
    tile.dataset.kind = kind;
    tile.dataset.state = item.state;
    badge.replaceChildren(icon(symbolOf(kind)), make("span", {}, title));
    const meter = tile.querySelector("progress");
    if (item.state === "sending" && !meter) frame.append(make("progress", { max: 1, value: 0, "aria-label": `Sending ${item.name}` }));
    if (item.state === "sending" && meter) meter.value = item.progress;
    if (item.state !== "sending") meter?.remove();
    if (item.state === "refused") name.classList.remove("one");
    if (item.state === "refused") name.replaceChildren(make("b", {}, item.name), make("br"), item.refused);
    if (item.id) body.href = `/jobs/${item.id}`;
    drop.hidden = ["done", "refused", "cancelled"].includes(item.state);
    tile.hidden = Boolean(this.only) && group(item) !== this.only;
  }

  #drawHead() {
    const { items, open } = this.outbox;
    const ended = items.length - open.length;
    const answered = items.filter((item) => item.job?.outcome).length;
    this.heading.textContent = open.length ? `${ended} of ${items.length} done` : answered === items.length ? `All ${answered} answered` : `${answered} of ${items.length} answered`;
    document.title = open.length ? `(${ended}/${items.length}) Spotter` : `${items.length} photos · Spotter`;
    this.progress.value = ended / Math.max(items.length, 1);
    this.stop.hidden = !open.length;
    this.csv.disabled = !items.some((item) => item.job?.outcome);
    const counts = Object.groupBy ? Object.groupBy(items, group) : items.reduce((all, item) => ({ ...all, [group(item)]: [...(all[group(item)] ?? []), item] }), {});
    const wanted = Object.entries(GROUPS).filter(([name]) => counts[name]?.length);
    this.#drawChips(wanted.map(([name, text]) => [name, `${counts[name].length} ${text}`]));
    const held = items.find((item) => item.state === "held");
    if (held) this.#say(holdText(held.hold));
    else if (Date.now() - this.moved < 5000) this.notice.hidden = true;
    if (!open.length && items.length) tell(`${this.heading.textContent}: ${wanted.map(([name, text]) => `${counts[name].length} ${text}`).join(", ")}`);
  }

  #drawChips(chips) {
    const focused = this.chips.contains(document.activeElement) ? document.activeElement.dataset.kind : null;
    this.chips.replaceChildren(...chips.map(([name, text]) => make("button", {
      class: "chip", "data-kind": name, "aria-pressed": String(this.only === name),
      onclick: () => {
        this.only = this.only === name ? "" : name;
        for (const item of this.outbox.items) this.#drawTile(item);
        this.#drawHead();
      },
    }, icon(symbolOf(name)), text)));
    if (focused) this.chips.querySelector(`[data-kind="${focused}"]`)?.focus();
  }

  #say(text) {
    this.notice.hidden = false;
    if (this.notice.textContent !== text) this.notice.replaceChildren(icon("wait"), make("p", {}, text));
  }

  async #worry() {
    if (!this.outbox.open.some((item) => item.state === "queued") || Date.now() - this.moved < 10000) return;
    this.#say((await countWorkers()) === 0
      ? "No worker is running now. Your photos are safe in the queue and are answered as soon as one is back."
      : "This takes longer than usual: other pictures are before yours.");
  }
}

function group(item) {
  if (["refused", "cancelled"].includes(item.state)) return "fail";
  if (item.state !== "done") return "open";
  const { kind } = look(item.job);
  return kind in GROUPS ? kind : "fail";
}

function toCsv(items) {
  const rows = items.map(({ name, job, state, refused }) => {
    const stages = job?.outcome?.stages ?? [];
    return [name, job?.outcome ? job.state : state, job?.outcome?.text, job?.outcome?.label, job?.outcome?.unsure,
      stages.map(({ stage, score }) => `${stage} ${score}`).join("; "), refused ?? job?.error?.message, job && new URL(job.links.page, location.href)];
  });
  const cell = (value) => {
    const text = String(value ?? "");
    return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`; // no formula may start in a table program
  };
  const lines = [["file", "state", "outcome", "label", "unsure", "scores", "problem", "page"], ...rows];
  return new Blob([lines.map((line) => line.map(cell).join(",")).join("\r\n")], { type: "text/csv" });
}
