// The list of recent jobs comes from the server; the thumbnails are in this browser.

import { fill } from "./frame.js";
import { find, localTimes, make, tell } from "./page.js";
import { countKept, forgetAll, recall } from "./shelf.js";

localTimes();
for (const tile of document.querySelectorAll(".tile[data-id]")) {
  recall(tile.dataset.id).then((kept) => {
    if (!kept) return;
    fill(tile.querySelector(".frame"), kept.thumb ?? kept.picture, "");
    if (kept.name) tile.querySelector(".name").prepend(make("span", {}, kept.name), make("br"));
  });
}

const forget = find("forget");
if (forget && (await countKept())) {
  forget.hidden = false;
  forget.addEventListener("click", async () => {
    await forgetAll();
    tell("The pictures in this browser are deleted.");
    location.reload();
  });
}
