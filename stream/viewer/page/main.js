// Starts the page and gives it its buttons and keys.

import { $ } from "./dom.js";
import { bindControls } from "./controls.js";
import { listen } from "./keys.js";
import { Page } from "./page.js";

const page = new Page(new URLSearchParams(location.search));
bindControls(page);
listen(page);
$("screenshot").addEventListener("click", () => page.screenshot());
$("clip").addEventListener("click", () => page.clip());
$("trace").addEventListener("click", () => page.trace());
$("wipe").addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -0.02, ArrowRight: 0.02, ArrowDown: -0.02, ArrowUp: 0.02 }[event.key];
  const to = { Home: 0, End: 1 }[event.key] ?? (by ? page.settings.get("wipe") + by : undefined);
  if (to === undefined) return;
  event.preventDefault();
  page.settings.set("wipe", Math.min(1, Math.max(0, to)));
});
$("wipe").addEventListener("dblclick", () => page.settings.reset("wipe"));

// For whoever wants to look closer from the browser's console, and for tests.
window.sonolucent = page;
