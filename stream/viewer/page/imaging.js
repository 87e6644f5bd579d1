// Imaging settings and the model, changed in the run itself; and recordings. Errors are told where they were asked for.

import { $, addressOf, element, press, say } from "./dom.js";

const FIELDS = {
  "depth-from": "depth_mm", "depth-to": "depth_mm", "sound-speed": "sound_speed_m_s", "f-number": "f_number",
  transmits: "transmits",
};

export class Imaging {
  constructor({ connection, known }) {
    Object.assign(this, { connection, known, imaging: null });
    $("imaging-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    $("imaging-form").addEventListener("input", () => this.showChanges());
    $("imaging-back").addEventListener("click", () => this.fill());
    $("model").addEventListener("change", () => this.swap());
    $("record").addEventListener("click", () => this.record());
    $("record-note").addEventListener("keydown", (event) => event.key === "Enter" && this.record());
  }

  // What is in force, from the stream's description or an answer. What the user has written and not sent stays.
  take({ imaging, model }, { answered = false } = {}) {
    const untouched = answered || !this.was || !Object.keys(this.changes()).length;
    if (model !== undefined) this.model = model;
    if (imaging) this.imaging = imaging;
    if (imaging && untouched) this.fill();
    this.showModel();
  }

  fill() {
    const { stream } = this.known, last = stream && stream.z_mm[0] + (stream.n_z - 1) * stream.z_mm[1];
    const depth = this.imaging?.depth_mm ?? (stream ? [stream.z_mm[0], last] : null);
    const put = (id, value) => { $(id).value = value === undefined ? "" : String(Number(value.toFixed(3))); };
    put("depth-from", depth?.[0]);
    put("depth-to", depth?.[1]);
    put("sound-speed", this.imaging?.sound_speed_m_s ?? stream?.sound_speed_m_s);
    put("f-number", this.imaging?.f_number ?? undefined);
    put("transmits", this.imaging?.transmits ?? undefined);
    $("transmits").placeholder = stream ? `all ${stream.n_tx}` : "all";
    this.was = this.values();
    this.showChanges();
  }

  values() {
    return Object.fromEntries(Object.keys(FIELDS).map((id) => [id, $(id).value]));
  }

  changes() {
    const now = this.values(), written = Object.keys(FIELDS).filter((id) => now[id] !== this.was?.[id]);
    const changed = new Set(written.map((id) => FIELDS[id]));
    const numberOrNull = (text) => (text === "" ? null : Number(text));
    const read = {
      depth_mm: () => [Number(now["depth-from"]), Number(now["depth-to"])],
      sound_speed_m_s: () => numberOrNull(now["sound-speed"]),
      f_number: () => numberOrNull(now["f-number"]),
      transmits: () => numberOrNull(now.transmits),
    };
    return Object.fromEntries([...changed].map((name) => [name, read[name]()]));
  }

  showChanges() {
    const none = !Object.keys(this.changes()).length;
    $("imaging-apply").disabled = none || !this.known.mayControl || this.busy;
    $("imaging-back").disabled = none;
  }

  async apply() {
    const imaging = this.changes();
    if (!Object.keys(imaging).length) return;
    await this.ask("control", { imaging }, $("imaging-error"), "Planning …");
  }

  async swap() {
    await this.ask("control", { model: $("model").value }, $("model-error"), "Warming up …");
    this.showModel();
  }

  async ask(kind, what, place, meanwhile) {
    this.busy = true;
    say(place, meanwhile);
    place.classList.remove("bad");
    this.showChanges();
    const answer = await this.connection.request(kind, what);
    this.busy = false;
    say(place, answer.error || "");
    place.classList.toggle("bad", Boolean(answer.error));
    if (answer.imaging || answer.model !== undefined) {
      this.take(answer.error ? { model: answer.model } : answer, { answered: true });
    }
    this.showChanges();
    return answer;
  }

  async record() {
    const on = !this.known.server?.recording;
    const what = on ? { on, note: $("record-note").value, channels: $("record-channels").checked } : { on };
    const answer = await this.ask("record", what, $("record-error"), on ? "Starting …" : "Stopping …");
    if (!answer.error && answer.file) say($("record-error"), `${on ? "Recording" : "Kept"} ${answer.file}`);
  }

  async listModels() {
    const answer = await fetch(addressOf("models")).catch(() => null);
    if (!answer?.ok) return;
    this.models = await answer.json();
    this.showModel();
  }

  showModel() {
    const listed = (this.models ?? []).map(({ name, path }) => [path ?? name, name]);
    const there = [...new Map([["auto", "auto"], ["none", "none"], ...listed])], now = this.model ?? "none";
    // Frames name a model with the digest of its weights behind an @.
    const isNow = ([value, name]) => value === now || name === now || now.startsWith(`${name}@`);
    if (!there.some(isNow)) there.unshift([now, now]);
    const key = JSON.stringify(there);
    if (key !== this.listed) {
      this.listed = key;
      $("model").replaceChildren(...there.map(([value, text]) => element("option", { value, text })));
    }
    const chosen = there.find(isNow);
    if (chosen && document.activeElement !== $("model")) $("model").value = chosen[0];
  }

  // Called when anything is known anew.
  show() {
    const { mayControl, server, connected, ended } = this.known, able = mayControl && connected && !ended;
    for (const node of $("imaging-form").elements) if (node.tagName === "INPUT") node.disabled = !able;
    for (const id of ["model", "record", "record-note", "record-channels"]) $(id).disabled = !able;
    for (const node of document.querySelectorAll(".read-only")) node.hidden = mayControl || !this.known.hello;
    const recording = server?.recording;
    press($("record"), recording);
    say($("record-label"), recording ? "Stop recording" : "Record");
    say($("recording"), recording ? `REC ${recording.frames} frames` : "");
    $("recording").title = recording?.file ?? "";
    say($("record-file"), recording ? `${recording.file}: ${recording.frames} frames` : "");
    this.showChanges();
  }
}
