// Pointers on the image: the wipe, the tool, the pan, the pinch, the wheel. Mouse, pen and fingers are alike.

import { paneAt, toMm } from "./layout.js";

const WIPE_REACH = 16;

export class Gestures {
  constructor(surface, { settings, measuring, layout }) {
    Object.assign(this, { surface, settings, measuring, layout, fingers: new Map(), drag: null });
    const on = (kind, act, options) => surface.addEventListener(kind, (event) => this.layout() && act(event), options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.moved(event));
    for (const kind of ["pointerup", "pointercancel"]) on(kind, (event) => this.up(event));
    on("pointerleave", () => this.fingers.size || this.measuring.move(null));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", () => this.measuring.tool || this.settings.reset("zoom", "x", "z"));
  }

  down(event) {
    if (event.button > 0) return;
    const at = [event.offsetX, event.offsetY], { measuring } = this, pane = this.paneOf(at);
    this.surface.setPointerCapture?.(event.pointerId);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) this.drag = this.beginPinch();
    else if (this.onWipe(at)) this.drag = { kind: "wipe" };
    else if (measuring.tool && pane) {
      this.drag = { kind: "tool", from: at };
      measuring.place(this.mmOf(pane, at));
    } else if (pane) this.drag = { kind: "pan", from: at, ...this.middle() };
  }

  moved(event) {
    const at = [event.offsetX, event.offsetY];
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    const pane = this.paneOf(at);
    this.measuring.move(pane ? this.mmOf(pane, at) : null);
    this.surface.style.cursor = this.onWipe(at) ? "ew-resize" : this.measuring.tool ? "crosshair" : "";
    if (this.drag?.kind === "wipe") this.moveWipe(at);
    if (this.drag?.kind === "pan") this.pan(at);
    if (this.drag?.kind === "pinch") this.pinch();
  }

  // A drag with a tool sets the second point where it ends; a click leaves it to the next click.
  up(event) {
    const at = [event.offsetX, event.offsetY], { drag, measuring } = this;
    this.fingers.delete(event.pointerId);
    const moved = drag?.kind === "tool" && Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) > 4;
    const pane = this.paneOf(at);
    if (moved && measuring.tool && measuring.begun.length && pane) measuring.place(this.mmOf(pane, at));
    this.drag = null;
  }

  paneOf([x, y]) {
    return paneAt(this.layout().panes, x, y);
  }

  mmOf(pane, [x, y]) {
    return toMm(pane, this.layout().extent, x, y);
  }

  onWipe([x, y]) {
    const [, right] = this.layout().panes;
    if (this.settings.get("compare") !== "wipe" || !right) return false;
    return Math.abs(x - right.clip.x) < WIPE_REACH && y > right.y && y < right.y + right.height;
  }

  moveWipe([x]) {
    const [pane] = this.layout().panes;
    this.settings.set("wipe", (x - pane.x) / pane.width);
  }

  middle() {
    const [u, v, w, h] = this.layout().panes[0].window;
    return { x: u + w / 2, z: v + h / 2 };
  }

  pan([x, y]) {
    const { from, x: x0, z: z0 } = this.drag, [pane] = this.layout().panes, zoom = this.settings.get("zoom");
    if (zoom === 1) return;
    this.look(zoom, x0 - (x - from[0]) / pane.width / zoom, z0 - (y - from[1]) / pane.height / zoom);
  }

  beginPinch() {
    const [a, b] = [...this.fingers.values()];
    this.measuring.begun = [];
    return { kind: "pinch", apart: Math.hypot(a[0] - b[0], a[1] - b[1]), zoom: this.settings.get("zoom") };
  }

  pinch() {
    const [a, b] = [...this.fingers.values()];
    if (!b) return;
    const apart = Math.hypot(a[0] - b[0], a[1] - b[1]);
    this.zoomAt((this.drag.zoom * apart) / this.drag.apart, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  }

  wheel(event) {
    // The browser zooms the page with these keys held.
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.zoomAt(this.settings.get("zoom") * 2 ** (-event.deltaY / 400), [event.offsetX, event.offsetY]);
  }

  // Whatever lies under the point stays there.
  zoomAt(zoom, at) {
    const pane = (at && this.paneOf(at)) ?? this.layout().panes[0], [u, v, w, h] = pane.window;
    const share = at ? [(at[0] - pane.x) / pane.width, (at[1] - pane.y) / pane.height] : [0.5, 0.5];
    const size = 1 / Math.min(20, Math.max(1, zoom));
    this.look(1 / size, u + share[0] * w + (0.5 - share[0]) * size, v + share[1] * h + (0.5 - share[1]) * size);
  }

  look(zoom, x, z) {
    const half = 0.5 / zoom, within = (value) => Math.min(1 - half, Math.max(half, value));
    this.settings.set("zoom", zoom);
    this.settings.set("x", within(x));
    this.settings.set("z", within(z));
  }
}
