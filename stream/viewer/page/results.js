// The measurements in the panel: live figures of both images side by side, and the curves of a profile.

import { $, element, press, say, signed } from "./dom.js";
import { hueOf } from "./overlay.js";
import { drawCurves } from "./curves.js";
import { TOOLS } from "./measuring.js";

const LAYERS = ["plain", "enhanced"];
const ROWS = {
  mean: ["mean", (v) => `${signed(v, 1)} dB`],
  sd: ["SD", (v) => `${v.toFixed(2)} dB`],
  cnr: ["CNR", (v) => (v === null ? "–" : v.toFixed(2))],
  gcnr: ["gCNR", (v) => v.toFixed(3)],
};

export class Results {
  constructor(measuring) {
    this.measuring = measuring;
    for (const tool of Object.keys(TOOLS)) $(`tool-${tool}`).addEventListener("click", () => measuring.choose(tool));
    $("clear").addEventListener("click", () => measuring.clear());
  }

  showTools() {
    for (const tool of Object.keys(TOOLS)) press($(`tool-${tool}`), this.measuring.tool === tool);
    $("clear").disabled = !this.measuring.list.length;
  }

  show(frame) {
    this.showTools();
    const { list, tool } = this.measuring, figures = frame ? this.measuring.figures(frame) : [];
    $("no-results").hidden = figures.length > 0 || Boolean(tool);
    const key = JSON.stringify(list.map(({ kind, name }) => [kind, name])) + (figures[0]?.layers?.length ?? 0);
    if (key !== this.key) this.build(figures, key);
    figures.forEach((figure, i) => this.fill(this.cards[i], figure));
    const profile = figures.find(({ kind }) => kind === "profile");
    for (const canvas of [$("profile")]) canvas.hidden = !profile;
    if (profile) drawProfile($("profile"), profile, frame.range_db);
  }

  build(figures, key) {
    this.key = key;
    this.cards = figures.map((figure, i) => card(figure, hueOf(i),
      () => this.measuring.remove(this.measuring.list[i])));
    $("results").replaceChildren(...this.cards);
  }

  fill(node, figure) {
    const cells = new Map([...node.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));
    const put = (name, text) => cells.has(name) && say(cells.get(name), text);
    if (figure.mm !== undefined) put("mm", `${figure.mm.toFixed(2)} mm`);
    if (figure.deg !== undefined) put("deg", `${figure.deg.toFixed(1)}°`);
    if (!figure.layers || figure.kind === "profile") return;
    put("pixels", `${figure.layers[0].pixels} pixels`);
    figure.layers.forEach((layer, i) => {
      for (const [row, [, tell]] of Object.entries(ROWS)) put(`${LAYERS[i]}-${row}`,
        layer[row] === undefined ? "–" : tell(layer[row]));
    });
  }
}

function card(figure, hue, remove) {
  const { kind, name, layers, against } = figure;
  const swatch = element("i", { "aria-hidden": "true" });
  swatch.style.background = hue;
  const drop = element("button", { type: "button", class: "small", "aria-label": `Remove ${kind} ${name}`, text: "×" })
    ;
  drop.addEventListener("click", remove);
  const head = element("header", {}, swatch, element("b", { text: `${TOOLS[kind].label} ${name}` }), cell("mm"),
    cell("deg"), cell("pixels"), drop);
  const node = element("li", {}, head);
  if (layers && kind !== "profile") node.append(table(layers, against));
  return node;
}

const cell = (name) => element("span", { "data-figure": name });

function table(layers, against) {
  const names = LAYERS.slice(0, layers.length);
  const head = element("tr", {}, element("td"), ...names.map((name) => element("th", { scope: "col", text: name })));
  const rows = Object.entries(ROWS).filter(([row]) => against || (row !== "cnr" && row !== "gcnr"));
  return element("table", {}, head, ...rows.map(([row, [label]]) =>
    element("tr", {}, element("th", { scope: "row",
      text: row === "cnr" || row === "gcnr" ? `${label} to ${against}` : label }),
      ...names.map((name) => element("td", { "data-figure": `${name}-${row}` })))));
}

function drawProfile(canvas, { layers, mm }, range) {
  const colours = ["#93a1b0", "#5ec4b6"];
  drawCurves(canvas, {
    x: [0, mm], y: [-range, 0], unit: "dB", xUnit: "mm",
    curves: layers.map(({ mm: at, db }, i) => ({ x: at, y: db, colour: colours[i], label: LAYERS[i] })),
  });
}
