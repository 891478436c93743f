// The state of a picture on its way, in words.

import { look } from "./looks.js";

export function holdText({ why, seconds, detail }) {
  if (why === "offline") return "You are offline. Sending goes on by itself when the connection is back.";
  if (why === "full") return `The queue is full. Trying again in ${seconds} s, by itself.`;
  return `Spotter does not answer. Trying again in ${seconds} s, by itself.${detail && why !== "away" ? ` ${detail}` : ""}`;
}

export function say(item) {
  const texts = { waiting: "Waiting its turn", shrinking: "Shrinking…", ready: "Ready to send", cancelled: "Cancelled", refused: "Not sent" };
  if (item.state === "refused") return { kind: "fail", title: texts.refused };
  if (item.state === "cancelled") return { kind: "over", title: texts.cancelled };
  if (item.state === "sending") return { kind: "wait", title: `Sending ${Math.round(100 * item.progress)} %` };
  if (item.state === "held") return { kind: "wait", title: item.hold.why === "offline" ? "Offline" : `Again in ${item.hold.seconds} s` };
  return item.job ? look(item.job) : { kind: "wait", title: texts[item.state] ?? "In the queue" };
}
