// The TGC editor beside the image: a slider at each node's depth, and the curve through them.

import { $, element, signed } from "./dom.js";
import { NODES } from "./settings.js";

const MOST_DB = 20, STEP_DB = 0.5;

export class TgcEditor {
  constructor(settings) {
    this.settings = settings;
    this.sliders = Array.from({ length: NODES }, (_, node) => this.makeSlider(node));
    this.curve = element("canvas", { "aria-hidden": "true" });
    this.flat = element("button", { type: "button", text: "Flat" });
    this.flat.addEventListener("click", () => settings.reset("tgc"));
    $("tgc").append(this.curve, ...this.sliders, this.flat);
  }

  makeSlider(node) {
    const slider = element("input", { type: "range", min: -MOST_DB, max: MOST_DB, step: STEP_DB });
    const set = (db) => this.settings.set("tgc", this.settings.get("tgc").map((old, i) => (i === node ? db : old)));
    slider.addEventListener("input", () => set(Number(slider.value)));
    slider.addEventListener("dblclick", () => set(0));
    slider.addEventListener("keydown", (event) => {
      if (event.key === "Delete") set(0);
      if (event.key === "Delete") event.preventDefault();
    });
    return slider;
  }

  // Where the image lies: nodes are evenly spread over its depth, also when a part of it is seen larger.
  place(layout) {
    const open = Boolean(layout) && this.settings.get("editor") === "on";
    $("tgc").hidden = !open;
    if (!open) return;
    const { panes: [pane], right, extent, narrow } = layout, [, v, , h] = pane.window;
    // A phone has no room beside the image: there the sliders lie over it.
    $("tgc").classList.toggle("over-image", narrow);
    Object.assign($("tgc").style, { left: `${narrow ? right - 104 : right + 52}px`, top: `${pane.y}px`,
      height: `${pane.height}px` });
    const nodes = this.settings.get("tgc");
    const at = nodes.map((_, node) => ((node / (NODES - 1) - v) / h) * pane.height);
    this.sliders.forEach((slider, node) => {
      const depth = (extent.top + (node / (NODES - 1)) * extent.height).toFixed(0);
      slider.value = nodes[node];
      slider.hidden = at[node] < -1 || at[node] > pane.height + 1;
      slider.style.top = `${at[node]}px`;
      slider.setAttribute("aria-label", `TGC at ${depth} mm`);
      slider.setAttribute("aria-valuetext", `${signed(nodes[node], 1)} dB`);
      slider.title = `${depth} mm: ${signed(nodes[node], 1)} dB. Double click: 0`;
    });
    this.draw(nodes, at, pane.height);
  }

  draw(nodes, at, height) {
    const { curve } = this, ratio = devicePixelRatio, width = $("tgc").clientWidth;
    Object.assign(curve, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = curve.getContext("2d");
    context.scale(ratio, ratio);
    context.strokeStyle = "#2c3640";
    context.strokeRect(width / 2, 0, 0, height);
    context.strokeStyle = "#5ec4b6";
    context.lineWidth = 1.5;
    context.beginPath();
    // Thumbs are 12 px wide, so their middles move over the rest.
    nodes.forEach((db, node) => context.lineTo(6 + ((db + MOST_DB) / (2 * MOST_DB)) * (width - 12), at[node]));
    context.stroke();
  }
}
