// A job as the API gives it, in words: the same kinds and titles as web/looks.py, whose words come with the page.

import { writeScore } from "./scores.js";

const words = JSON.parse(document.body.dataset.words || "{}");
const ENDS = { failed: "No answer", cancelled: "Cancelled", superseded: "Replaced", expired: "Waited too long" };

export const isFinal = (job) => !["queued", "running"].includes(job.state);

export function nameLabel(label) {
  return words[label]?.[0] ?? label.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
}

/** {kind, title, long, score}: `long` has the guess too where there is doubt, `score` names its stage; kind is pass, stop, none, unsure, fail, over or wait. */
export function look(job) {
  if (job.state === "succeeded") {
    const { label, unsure, stages } = job.outcome;
    const last = stages.at(-1);
    const kind = unsure ? "unsure" : last.passed ? "pass" : stages.length < 2 ? "none" : "stop";
    const guess = nameLabel(label);
    return { kind, title: unsure ? "Unsure" : guess, long: unsure ? `Unsure: ${guess.toLowerCase()}?` : guess, score: `${last.stage.replaceAll("_", " ")} ${writeScore(last.score, [last.threshold, ...last.unsure_band])}` };
  }
  if (job.state === "failed") return { kind: "fail", title: ENDS.failed };
  if (job.state in ENDS) return { kind: "over", title: ENDS[job.state] };
  if (job.state === "running") return { kind: "wait", title: "Looking…" };
  return { kind: "wait", title: !job.position ? "In the queue" : job.position === 1 ? "Next in line" : `Number ${job.position} in line` };
}

export const symbolOf = (kind) => (kind === "over" ? "none" : kind);
