// How much of the enhancement the run shows: its slider, and what frames say of it.

import { $, say } from "./dom.js";

export const percent = (strength) => `${Math.round(100 * strength)} %`;

export class Strength {
  constructor({ connection, known, imaging }) {
    Object.assign(this, { connection, known, imaging, shown: 1, wanted: null });
    $("strength").addEventListener("input", () => this.want(Number($("strength").value)));
    $("strength").closest("label").addEventListener("dblclick", () => this.want(1));
  }

  // What the frame that is shown was made with.
  take({ model, strength = 1, reason }) {
    this.shown = strength;
    say($("enhanced-why"), model ? reason : "");
    this.show();
  }

  // While one order is on its way, only the newest of those that follow is kept.
  async want(strength) {
    const busy = this.wanted !== null;
    this.wanted = strength;
    this.show();
    if (busy || !this.known.mayControl) return;
    for (let asked = null; asked !== this.wanted;) {
      asked = this.wanted;
      const { error } = await this.imaging.ask("control", { strength: asked }, $("strength-error"), "");
      if (error) break;
      this.shown = asked;
    }
    this.wanted = null;
    this.show();
  }

  show() {
    const { mayControl, connected, ended } = this.known, slider = $("strength"), strength = this.wanted ?? this.shown;
    slider.disabled = !(mayControl && connected && !ended);
    if (Number(slider.value) !== strength) slider.value = strength;
    slider.setAttribute("aria-valuetext", percent(strength));
    say($("strength-value"), percent(strength));
    slider.closest("label").classList.toggle("changed", strength !== 1);
  }
}
