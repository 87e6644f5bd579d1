// What lies on the stage: the images, the lines over them, and the handles; laid anew only when something changed.

import { $ } from "./dom.js";
import { showCompare } from "./controls.js";
import { arrange, inDevicePixels } from "./layout.js";
import { drawOverlay } from "./overlay.js";
import { percent } from "./strength.js";
import { TgcEditor } from "./tgc.js";
import { HISTORY } from "./tone.js";

const LEAST_TRAY = 110, MOST_TRAY = 260;

export class Scene {
  layout = null;
  stale = { image: true, lines: true };
  made = "";

  constructor(page, surfaces) {
    Object.assign(this, { page, surfaces });
    this.editor = new TgcEditor(page.settings);
    new ResizeObserver(() => this.soil()).observe(surfaces.stage);
    for (const part of [page.settings, page.cine]) part.addEventListener("change", () => this.soil());
    page.measuring.addEventListener("change", () => { this.stale.lines = true; });
  }

  soil() {
    this.stale.image = this.stale.lines = true;
  }

  // Once a picture of the screen.
  refresh() {
    if (this.gridChanged()) this.stale.lines = true;
    if (this.stale.lines) this.lay();
    if (this.stale.image) this.drawImage();
    if (this.stale.lines) this.drawLines();
    this.stale.image = this.stale.lines = false;
  }

  redraw() {
    this.soil();
    this.refresh();
  }

  // Frames of other settings have other pixels, also in the middle of a cine loop.
  gridChanged() {
    const stream = this.page.cine.shown?.stream, changed = stream !== this.laidFor;
    this.laidFor = stream;
    return changed;
  }

  // A stream that enhances nothing has one image to show, whatever is chosen.
  get look() {
    const all = this.page.settings.all();
    return { ...all, compare: this.page.enhances || !this.page.cine.shown ? all.compare : "plain" };
  }

  lay() {
    const { stage, image, overlay } = this.surfaces, { page, look } = this, ratio = devicePixelRatio;
    const stream = page.cine.shown?.stream ?? page.known.stream, { clientWidth: width, clientHeight: height } = stage;
    for (const canvas of [image, overlay]) fit(canvas, Math.round(width * ratio), Math.round(height * ratio));
    const room = stream && width > 100 && height > 100;
    this.layout = room ? arrange(width, height, stream, { ...look, editor: look.editor === "on" }) : null;
    const spare = this.layout?.spare ?? 0;
    $("tray").hidden = spare < LEAST_TRAY || height < 400 || !page.latency.past.length;
    $("tray").style.height = `${Math.min(MOST_TRAY, spare - 12)}px`;
    this.editor.place(this.layout);
    showCompare(look.compare, page.enhances || !page.cine.shown);
    this.placeWipe(look.compare);
  }

  placeWipe(compare) {
    const handle = $("wipe"), panes = this.layout?.panes;
    handle.hidden = compare !== "wipe" || !panes;
    if (handle.hidden) return;
    const [{ y, height }, { clip }] = panes;
    Object.assign(handle.style, { left: `${clip.x - 14}px`, top: `${y + height / 2 - 14}px` });
    handle.setAttribute("aria-valuenow", Math.round(100 * this.page.settings.get("wipe")));
  }

  drawImage() {
    const { page } = this, panes = (this.layout?.panes ?? []).map((pane) => inDevicePixels(pane, devicePixelRatio));
    page.display.draw(panes, page.cine.recent(HISTORY), this.look);
    this.tellHowMade(page.cine.shown?.header);
  }

  // Only where it is another than that of the frame before.
  tellHowMade(header = {}) {
    const { model = "", strength = 1, reason = "" } = header, how = [model, strength, reason].join();
    if (how === this.how) return;
    this.how = how;
    this.made = model && strength < 1 ? `${model} at ${percent(strength)}` : model;
    this.stale.lines = true;
    if (!this.page.cine.shown) return;
    this.page.imaging.take({ model: model || "none" });
    this.page.strength.take(header);
  }

  drawLines() {
    const { stage, overlay } = this.surfaces, { layout, look, page: { measuring } } = this;
    const size = { width: stage.clientWidth, height: stage.clientHeight }, captions = { enhanced: this.made };
    drawOverlay(overlay.getContext("2d"), size, { layout, look, captions, measuring, ratio: devicePixelRatio });
  }
}

function fit(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}
