// The instrument: frames come in, one picture of the screen after another goes out, and the parts know each other here.

import { $, say } from "./dom.js";
import { Cine } from "./cine.js";
import { Connection } from "./connection.js";
import { openDisplay } from "./display.js";
import { Gestures } from "./gestures.js";
import { Imaging } from "./imaging.js";
import { Latency } from "./latency.js";
import { decodeFrame } from "./messages.js";
import { Measuring } from "./measuring.js";
import { Results } from "./results.js";
import { saveClip, saveScreenshot, saveTrace, screenshot } from "./saving.js";
import { Scene } from "./scene.js";
import { Settings } from "./settings.js";
import { Known } from "./state.js";
import { Strength } from "./strength.js";
import { showFigures, showState } from "./telling.js";
import { Transport } from "./transport.js";

const PROTOCOL = 2;
const FIGURES_MS = 200, STATE_MS = 100, WARNING_MS = 12_000;

export class Page {
  known = new Known();
  cine = new Cine();
  measuring = new Measuring();
  settings = new Settings();
  latency = new Latency();
  surfaces = { stage: $("stage"), image: $("image"), overlay: $("overlay") };
  enhances = false;  // whether this stream has had an enhanced frame

  constructor(query) {
    this.display = openDisplay(this.surfaces.image, () => this.scene.soil(), query.get("renderer"));
    this.connection = new Connection({ bits: query.get("bits") === "8" ? 8 : 16 });
    this.connection.wanted = () => !this.cine.frozen;
    this.scene = new Scene(this, this.surfaces);
    this.gestures = new Gestures(this.surfaces.overlay, { ...this, layout: () => this.layout });
    this.transport = new Transport({ ...this, warn: (text) => this.warn(text) });
    this.imaging = new Imaging(this);
    this.strength = new Strength(this);
    this.results = new Results(this.measuring);
    this.hear();
    this.measuring.addEventListener("change", () => { this.figuresAt = 0; });
    setInterval(() => showState(this), STATE_MS);
    requestAnimationFrame((now) => this.tick(now));
  }

  get layout() {
    return this.scene.layout;
  }

  hear() {
    const { known, connection } = this, on = (kind, act) => connection.addEventListener(kind,
      ({ detail }) => act(detail));
    const news = (change) => (detail) => {
      Object.assign(known, change(detail));
      showState(this);
      this.imaging.show();
      this.strength.show();
    };
    on("open", news(() => ({ connected: true, everConnected: true })));
    on("close", news(() => ({ connected: false, server: null })));
    on("hello", news((hello) => ({ hello, ended: false, report: null, waiting: null })));
    on("hello", ({ protocol }) => {
      const other = protocol !== PROTOCOL;
      if (other) this.warn(`The server speaks version ${protocol}, this page ${PROTOCOL}: reload the page`);
      this.imaging.listModels();
      connection.ask();
    });
    on("waiting", news((waiting) => ({ waiting, stream: null })));
    on("stream", (stream) => this.begin(stream));
    on("state", news((server) => ({ server, serverAt: performance.now() })));
    on("end", news(({ report }) => ({ ended: true, report })));
    on("frame", (buffer) => this.receive(buffer));
  }

  begin(stream) {
    const { known } = this;
    if (known.stream?.source !== stream.source) this.enhances = false;
    Object.assign(known, { stream, waiting: null, ended: false });
    this.settings.follow(stream);
    this.imaging.take(stream);
    this.imaging.show();
  }

  receive(buffer) {
    const { known, cine, scene } = this;
    if (!known.stream) return;
    // One that was on its way when the page froze.
    if (cine.frozen) return;
    const frame = this.decode(buffer);
    if (!frame) return;
    known.frameAt = performance.now();
    frame.arrived_s = known.frameAt / 1000;
    if (frame.layers.length > 1 && !this.enhances) this.enhances = scene.stale.lines = true;
    cine.add(frame, this.settings.get("cine"));
    this.latency.take(frame, known.frameAt);
    scene.stale.image = true;
  }

  // A frame that cannot be read is told; the stream goes on.
  decode(buffer) {
    try {
      return decodeFrame(buffer, this.known.stream);
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
      this.warn(`A frame cannot be read: ${error.message}`);
      return null;
    }
  }

  tick(now) {
    requestAnimationFrame((next) => this.tick(next));
    this.cine.advance(now, this.settings.get("speed"), this.settings.get("loop") === "on");
    this.scene.refresh();
    if (now - (this.figuresAt ?? 0) >= FIGURES_MS) {
      this.figuresAt = now;
      showFigures(this);
    }
    this.connection.ask();
  }

  redraw() {
    this.scene.redraw();
  }

  warn(text) {
    say($("warning"), text);
    $("warning").hidden = !text;
    clearTimeout(this.warning);
    if (text) this.warning = setTimeout(() => this.warn(""), WARNING_MS);
  }

  measure(tool) {
    this.measuring.choose(tool);
    if (this.measuring.tool) this.settings.set("panel", "measure");
  }

  // The keyboard's crosshair moves by pixels of the image, from the middle of the window.
  moveCrosshair(columns, rows) {
    const { layout, measuring } = this, stream = this.cine.shown?.stream;
    if (!layout || !stream) return false;
    const { extent, panes: [{ window: [u, v, w, h] }] } = layout;
    const [x, z] = measuring.hand ?? [extent.left + (u + w / 2) * extent.width,
      extent.top + (v + h / 2) * extent.height];
    const within = (value, low, size) => Math.min(low + size, Math.max(low, value));
    measuring.move([within(x + columns * stream.x_mm[1], extent.left, extent.width),
      within(z + rows * stream.z_mm[1], extent.top, extent.height)]);
    return true;
  }

  placeAtCrosshair() {
    const { measuring } = this;
    if (!measuring.tool || !(measuring.hand || this.moveCrosshair(0, 0))) return false;
    measuring.place(measuring.hand);
    return true;
  }

  picture() {
    return screenshot(this);
  }

  screenshot() {
    return saveScreenshot(this);
  }

  clip() {
    return saveClip(this, $("clip-format").value);
  }

  trace() {
    return saveTrace(this);
  }

  record() {
    return this.known.mayControl ? this.imaging.record() : this.warn("Recording: this page may look, not control");
  }
}
