// The pictures of this visit on their way: shrink one at a time, send three, watch two.
// What is not answered yet survives a reload with its key, so that nothing is sent twice.

import { awaitEnd, cancel, deliver } from "./api.js";
import { makeKey } from "./page.js";
import { shrink } from "./picture.js";
import * as shelf from "./shelf.js";

const MEMORY = "spotter.outbox";

/** Let at most `width` pieces of work run at once, in the order in which they came. */
function lane(width) {
  let free = width;
  const waiting = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

export class Outbox {
  #shrinking = lane(1);
  #sending = lane(3);
  #watching = lane(2);

  /** `onChange(item)` is called at every change; an item's `state` is one of
   * waiting shrinking sending held queued done refused cancelled. */
  constructor(pipeline, onChange) {
    this.pipeline = pipeline;
    this.items = [];
    this.onChange = onChange;
  }

  add(files) {
    for (const file of files) this.#begin({ key: makeKey(), name: file.name || "pasted picture", file });
  }

  /** Go on with what a reload interrupted. */
  resume() {
    for (const item of this.recall()) this.#begin(item);
  }

  recall() {
    try { return JSON.parse(sessionStorage.getItem(MEMORY) ?? "[]"); } catch { return []; }
  }

  forget() {
    for (const item of this.items) shelf.unpark(item.key);
    this.items = [];
    sessionStorage.removeItem(MEMORY);
  }

  get open() {
    return this.items.filter((item) => !["done", "refused", "cancelled"].includes(item.state));
  }

  /** Take a picture back, wherever it is. */
  cancel(item) {
    if (item.id) cancel(item.id);
    item.stop.abort(new DOMException("cancelled", "AbortError"));
    this.#change(item, { state: "cancelled" });
    shelf.unpark(item.key);
  }

  async #begin(saved) {
    const item = { ...saved, state: "waiting", stop: new AbortController() };
    this.items.push(item);
    this.#change(item, saved.refused ? { state: "refused" } : {});
    if (saved.refused) return;
    try {
      await this.#shrinking(() => this.#prepare(item));
      if (!item.id) await this.#sending(() => this.#send(item));
      const job = await this.#watching(() => this.#watch(item));
      this.#change(item, { state: job.state === "cancelled" ? "cancelled" : "done", job });
    } catch (error) {
      if (item.state === "cancelled") return;
      this.#change(item, { state: "refused", refused: error.message });
      shelf.unpark(item.key);
    }
  }

  async #prepare(item) {
    item.stop.signal.throwIfAborted();
    if (item.file) {
      this.#change(item, { state: "shrinking" });
      Object.assign(item, await shrink(item.file));
      item.file = null;
      await shelf.park({ key: item.key, picture: item.picture, thumb: item.thumb, name: item.name });
    } else {
      Object.assign(item, item.id ? await shelf.recall(item.id) : await shelf.parked(item.key));
      if (!item.id && !item.picture) throw new Error("The page was left before this photo was read. Choose it again.");
    }
    this.#change(item, { state: item.id ? "queued" : "ready" });
  }

  async #send(item) {
    item.stop.signal.throwIfAborted();
    this.#change(item, { state: "sending", progress: 0 });
    const job = await deliver(item.picture, {
      key: item.key, pipeline: this.pipeline, signal: item.stop.signal,
      onProgress: (progress) => this.#change(item, { state: "sending", progress }),
      onHold: (hold) => this.#change(item, { state: "held", hold }),
    });
    await shelf.keep({ id: job.id, picture: item.picture, thumb: item.thumb, name: item.name });
    shelf.unpark(item.key);
    this.#change(item, { state: "queued", id: job.id, job });
  }

  #watch(item) {
    item.stop.signal.throwIfAborted();
    return awaitEnd(item.id, { signal: item.stop.signal, wait: 2, onChange: (job) => this.#change(item, { job }) });
  }

  #change(item, changes) {
    Object.assign(item, changes);
    const saved = this.items.filter(({ state }) => state !== "cancelled").map(({ key, name, id, refused }) => ({ key, name, id, refused }));
    try { sessionStorage.setItem(MEMORY, JSON.stringify(saved)); } catch { /* no storage: a reload starts anew */ }
    this.onChange(item);
  }
}
