// Talks to /api/v1 of the server that sent this page, and to no other.

import { sleep } from "./page.js";
import { isFinal } from "./looks.js";

const JOBS = "/api/v1/jobs";

/** The server's no, with its words for people; `retryAfter` in seconds where it asks to come again. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail || `The server answered ${status}.`);
    Object.assign(this, { status, code: body?.code ?? "", title: body?.title ?? "", retryAfter });
  }
}

/** Nothing came back: the computer is offline or the server is away. */
export class Unreachable extends Error {}

/** Send one picture once. The key makes it safe to send it again. */
function post(blob, { key, camera, pipeline, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams({ pipeline, ...(camera && { camera }) });
    const request = new XMLHttpRequest();
    request.open("POST", `${JOBS}?${query}`);
    request.setRequestHeader("Content-Type", blob.type);
    request.setRequestHeader("Idempotency-Key", key);
    request.responseType = "json";
    request.timeout = 60000;
    request.upload.onprogress = (event) => onProgress?.(event.loaded / Math.max(event.total, 1));
    request.onload = () => {
      if (request.status < 300 && request.response?.id) return resolve(request.response);
      reject(new Problem(request.status, request.response, Number(request.getResponseHeader("Retry-After")) || 0));
    };
    request.onerror = request.ontimeout = () => reject(new Unreachable());
    request.onabort = () => reject(signal?.reason);
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(blob);
  });
}

/**
 * Send a picture until it is accepted: a full queue and a lost connection are waited for.
 * `onHold({why: "full" | "away" | "offline", seconds, detail})` is called every second of such a wait.
 */
export async function deliver(blob, options) {
  for (let round = 0; ; round++) {
    try {
      return await post(blob, options);
    } catch (error) {
      const again = error instanceof Unreachable || [429, 502, 503, 504].includes(error.status);
      if (!again) throw error;
      const why = error instanceof Unreachable ? (navigator.onLine ? "away" : "offline") : error.code === "queue_full" || error.status === 429 ? "full" : "away";
      await hold(why, error.retryAfter || Math.min(2 + round, 10), error.message, options);
    }
  }
}

async function hold(why, seconds, detail, { onHold, signal }) {
  for (let left = Math.ceil(seconds); left > 0; left--) {
    onHold?.({ why, seconds: left, detail });
    await Promise.race([sleep(1000, signal), why === "offline" ? new Promise((done) => addEventListener("online", done, { once: true })) : sleep(2000)]);
    if (why === "offline" && navigator.onLine) return;
  }
}

export async function ask(id, wait = 0, signal = undefined) {
  const answer = await fetch(`${JOBS}/${id}${wait ? `?wait=${wait}` : ""}`, { signal });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, body, Number(answer.headers.get("Retry-After")));
  return body;
}

export const cancel = (id) => fetch(`${JOBS}/${id}`, { method: "DELETE" }).catch(() => null);

/** Follow a job by long polling until its end; a server that is away for a while is waited for. */
export async function awaitEnd(id, { signal, onChange, wait = 10 } = {}) {
  for (;;) {
    let pause = 0;
    try {
      const job = await ask(id, wait, signal);
      onChange?.(job);
      if (isFinal(job)) return job;
    } catch (error) {
      if (signal?.aborted || [401, 403, 404].includes(error.status)) throw error; // no waiting helps
      pause = (error.retryAfter || 2) * 1000;
    }
    await sleep(pause, signal);
  }
}

/** How many workers are ready, or undefined where the server does not say. */
export async function countWorkers() {
  try {
    return (await (await fetch("/readyz")).json()).workers;
  } catch {
    return undefined;
  }
}
