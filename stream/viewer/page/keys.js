// Every key of the page. None acts with Ctrl, Alt or the command key held: those are the browser's.

import { $, element } from "./dom.js";
import { COMPARE, MAPS } from "./settings.js";
import { TOOLS } from "./measuring.js";

export function keysOf(page) {
  const { settings, transport, measuring, gestures } = page;
  const add = (name, by) => () => settings.set(name, settings.get(name) + by);
  const toggle = (name, one, other) => () => settings.set(name, settings.get(name) === one ? other : one);
  const zoom = (factor) => () => gestures.zoomAt(settings.get("zoom") * factor);
  const tab = (name) => () => settings.set("panel", settings.get("panel") === name ? "none" : name);
  return [
    ["space f", "Freeze, go on", () => transport.freeze()],
    ["p", "Play, pause", () => transport.play()],
    ["← →", "One frame back, on; with a tool, move the crosshair", null],
    ["Home End", "First frame, last frame", null],
    ["[", "Range begins here", () => page.cine.frozen && page.cine.mark("first")],
    ["]", "Range ends here", () => page.cine.frozen && page.cine.mark("last")],
    ["l", "Loop, or stop at the end", () => transport.loop()],
    ...COMPARE.map((mode, i) => [String(i + 1), `Show ${NAMES[mode]}`, () => settings.set("compare", mode)]),
    ["< >", "Move the wipe", null],
    ["+ −", "Gain by 1 dB", null],
    [",", "Dynamic range less 5 dB", add("range", -5)],
    [".", "Dynamic range more 5 dB", add("range", 5)],
    ["t", "TGC editor", toggle("editor", "on", "off")],
    ["m", "Next colour map", () => settings.set("map", nextMap(settings.get("map")))],
    ["o", "Persistence more, or off", () => settings.set("persistence", nextPersistence(settings.get("persistence")))],
    ["z", "Zoom in", zoom(1.25)],
    ["x", "Zoom out", zoom(0.8)],
    ["0", "Whole image", () => settings.reset("zoom", "x", "z")],
    ["Shift+arrows", "Move the zoomed image; with a tool, the crosshair by 10 pixels", null],
    ...Object.entries(TOOLS).map(([tool, { key, label }]) => [key, `Measure: ${label.toLowerCase()}`,
      () => page.measure(tool)]),
    ["Enter", "Set a point of the tool", null],
    ["Delete", "Remove the last measurement", () => measuring.removeLast()],
    ["Escape", "Put the tool away", () => measuring.tool && measuring.choose(measuring.tool)],
    ["s", "Save a screenshot", () => page.screenshot()],
    ["c", "Save the cine loop", () => page.clip()],
    ["w", "Start, stop recording", () => page.record()],
    ["g", "Display panel", tab("display")],
    ["u", "Measurements panel", tab("measure")],
    ["i", "Imaging panel", tab("imaging")],
    ["y", "Run panel: latency, drops", tab("run")],
    ["?", "These keys", () => toggleHelp()],
    ["ArrowLeft", null, (event) => arrow(page, event, -1, 0)],
    ["ArrowRight", null, (event) => arrow(page, event, 1, 0)],
    ["ArrowUp", null, (event) => arrow(page, event, 0, -1)],
    ["ArrowDown", null, (event) => arrow(page, event, 0, 1)],
    ["home", null, () => transport.end(false)],
    ["end", null, () => transport.end(true)],
    ["<", null, add("wipe", -0.02)],
    [">", null, add("wipe", 0.02)],
    ["+", null, add("gain", 1)],
    ["=", null, add("gain", 1)],
    ["-", null, add("gain", -1)],
    ["enter", null, () => page.placeAtCrosshair()],
    ["backspace", null, () => measuring.removeLast()],
  ];
}

const nextMap = (map) => MAPS[(MAPS.indexOf(map) + 1) % MAPS.length];
const nextPersistence = (share) => (share >= 0.8 ? 0 : share + 0.2);

const NAMES = { plain: "plain", enhanced: "enhanced", side: "side by side", wipe: "the wipe",
  difference: "the difference" };

function arrow(page, event, x, z) {
  const by = event.shiftKey ? 10 : 1;
  if (page.measuring.tool) return page.moveCrosshair(x * by, z * by);
  if (event.shiftKey) {
    const zoom = page.settings.get("zoom"), { x: u, z: v } = page.gestures.middle();
    return page.gestures.look(zoom, u + (0.1 * x) / zoom, v + (0.1 * z) / zoom);
  }
  return x ? page.transport.step(x) : false;
}

export function listen(page) {
  const keys = keysOf(page), acts = new Map();
  for (const [names, , act] of keys) for (const name of act ? names.split(" ") : []) acts.set(name.toLowerCase(), act);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || $("help").open) return;
    const name = event.key === " " ? "space" : event.key.toLowerCase(), act = acts.get(name);
    if (!act || belongsTo(event.target, name)) return;
    if (act(event) !== false) event.preventDefault();
  });
  fillHelp(keys);
}

// Keys that the focused control needs itself.
function belongsTo(target, name) {
  if (target.matches?.("input:not([type=range]):not([type=checkbox]), textarea")) return true;
  const arrow = name.startsWith("arrow"), push = name === "space" || name === "enter";
  if (target.matches?.("select, [role=tab]")) return name.length === 1 || arrow || push;
  if (target.matches?.("input[type=range], [role=slider]")) return arrow || name === "home" || name === "end";
  return target.matches?.("button, a, input[type=checkbox], summary") && push;
}

function toggleHelp() {
  if ($("help").open) $("help").close();
  else $("help").showModal();
}

function fillHelp(keys) {
  const rows = keys.filter(([, means]) => means).map(([names, means]) => {
    const caps = names.split(" ").flatMap((name) => [element("kbd", { text: name }), " "]);
    return element("tr", {}, element("th", { scope: "row" }, ...caps), element("td", { text: means }));
  });
  $("keys").replaceChildren(...rows);
  $("help-button").addEventListener("click", toggleHelp);
  $("help-close").addEventListener("click", toggleHelp);
}
