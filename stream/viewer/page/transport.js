// The bar below the image: it moves through the cine loop while frozen, and through the recording while one is
// replayed.

import { $, press, say, signed } from "./dom.js";

const REFRESH_MS = 100;

export class Transport {
  constructor({ cine, settings, known, connection, warn }) {
    Object.assign(this, { cine, settings, known, connection, warn, dragging: false });
    const click = (id, act) => $(id).addEventListener("click", act);
    click("freeze", () => this.freeze());
    click("play", () => this.play());
    click("back", () => this.step(-1));
    click("forward", () => this.step(1));
    click("from", () => cine.mark("first"));
    click("to", () => cine.mark("last"));
    click("loop", () => this.loop());
    $("scrub").addEventListener("input", () => this.scrub(Number($("scrub").value)));
    $("scrub").addEventListener("change", () => { this.dragging = false; });
    $("scrub").addEventListener("pointerdown", () => { this.dragging = true; });
    $("speed").addEventListener("change", () => this.pace(Number($("speed").value)));
    cine.addEventListener("change", () => this.show());
    settings.addEventListener("change", () => this.show());
    setInterval(() => this.show(), REFRESH_MS);
  }

  // Whether the bar drives the server's replay: there is one, and the page is not frozen.
  get drivesReplay() {
    return Boolean(this.known.replay) && !this.cine.frozen;
  }

  async ask(what) {
    const { error } = await this.connection.request("replay", what);
    this.warn(error ? `Replay: ${error}` : "");
  }

  freeze(on = !this.cine.frozen) {
    this.cine.freeze(on);
    if (!this.cine.frozen) this.connection.ask();
  }

  play() {
    if (this.drivesReplay) return this.ask({ paused: !this.known.replay.paused });
    if (!this.cine.frozen) this.freeze(true);
    return this.cine.play(!this.cine.playing);
  }

  step(by) {
    if (this.drivesReplay) return this.ask({ paused: true, step: by });
    if (!this.cine.frozen) this.freeze(true);
    return this.cine.step(by);
  }

  end(last) {
    if (this.drivesReplay) return this.ask({ seek: last ? this.known.replay.n_frames - 1 : 0 });
    if (!this.cine.frozen) this.freeze(true);
    return this.cine.go(last ? this.cine.frames.length - 1 : 0);
  }

  scrub(to) {
    if (this.drivesReplay) return this.ask({ seek: to });
    if (!this.cine.frozen) this.freeze(true);
    this.cine.playing = false;
    return this.cine.go(to);
  }

  pace(speed) {
    this.settings.set("speed", speed);
    return this.drivesReplay ? this.ask({ speed }) : undefined;
  }

  loop() {
    this.settings.set("loop", this.settings.get("loop") === "on" ? "off" : "on");
  }

  show() {
    const { cine, known } = this, { replay } = known, drives = this.drivesReplay;
    press($("freeze"), cine.frozen);
    press($("loop"), this.settings.get("loop") === "on");
    press($("from"), cine.first);
    press($("to"), cine.last);
    for (const id of ["from", "to"]) $(id).disabled = !cine.frozen;
    const playing = drives ? !replay.paused : cine.playing;
    $("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    $("play").dataset.playing = playing;
    for (const id of ["play", "back", "forward", "scrub",
      "speed"]) $(id).disabled = drives ? !known.mayControl : !cine.frames.length;
    this.showPlace(drives, drives ? replay : null);
    $("speed").value = String(drives ? (replay.speed ?? 1) : this.settings.get("speed"));
  }

  showPlace(drives, replay) {
    const { cine } = this, n = drives ? replay.n_frames : cine.frames.length, at = drives ? replay.frame : cine.at;
    const scrub = $("scrub");
    scrub.max = Math.max(0, n - 1);
    if (!this.dragging || !drives) scrub.value = Math.max(0, at);
    const [first, last] = cine.range, share = (i) => `${(100 * i) / Math.max(1, n - 1)}%`;
    scrub.style.setProperty("--from", share(drives ? 0 : first));
    scrub.style.setProperty("--to", share(drives ? n - 1 : last));
    say($("what"), drives ? "Replay" : "Cine");
    const text = drives ? `${at + 1} / ${n}` : n ? `${signed(cine.offsetS, 2)} s` : "–";
    say($("where"), text);
    scrub.setAttribute("aria-valuetext", drives ? `frame ${at + 1} of ${n}` : `frame ${at + 1} of ${n}, ${text}`);
  }
}
