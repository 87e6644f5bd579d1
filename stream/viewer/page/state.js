// What the page says about the stream: the server tells the truth about the pipeline, the page about its connection.

const SILENT_S = 1.25;

// All that is known; times are in ms of the page's clock.
export class Known {
  connected = false;
  everConnected = false;
  hello = null;
  stream = null;
  waiting = null;
  ended = false;
  report = null;
  server = null;
  serverAt = 0;
  frameAt = 0;

  get mode() {
    return this.hello?.mode ?? "live";
  }

  get mayControl() {
    return Boolean(this.hello?.may_control);
  }

  get replay() {
    return this.server?.replay ?? (this.stream?.replay ? { frame: 0, paused: false, speed: 1,
      ...this.stream.replay } : null);
  }

  // Seconds without a frame: by the server's word, or by a frame that has come to us since. They also grow by
  // themselves, for a server that hangs says nothing.
  silentS(now) {
    if (this.server && this.serverAt >= this.frameAt) return (this.server.silent_s ?? 0) + (now - this.serverAt) / 1000;
    return this.frameAt ? (now - this.frameAt) / 1000 : 0;
  }
}

// The word in the header, what the banner on the image adds, and whether the image is no longer what is there now.
export function stateOf(known, { frozen }, now) {
  const now_ = current(known, now);
  if (!frozen) return now_;
  const trouble = now_.dim ? now_.text : "";
  return { name: "frozen", text: "FROZEN", detail: trouble, dim: false };
}

function current(known, now) {
  if (known.ended) return { name: "ended", text: "ENDED", detail: ending(known.report), dim: true };
  if (!known.connected) {
    return known.everConnected
      ? { name: "reconnecting", text: "RECONNECTING", detail: "the viewer's server does not answer", dim: true }
      : { name: "connecting", text: "CONNECTING", detail: "", dim: true };
  }
  if (known.waiting) {
    return { name: "waiting", text: `WAITING FOR ${known.waiting.source}`, detail: known.waiting.why ?? "", dim: true };
  }
  if (!known.stream) return { name: "connecting", text: "CONNECTING", detail: "", dim: true };
  if (known.server?.state === "ended") return { name: "ended", text: "ENDED", detail: "", dim: true };
  if (known.server?.state === "paused" || known.replay?.paused) {
    return { name: "paused", text: "PAUSED", detail: "", dim: false };
  }
  const silent = known.silentS(now);
  if (silent >= SILENT_S) {
    const text = `NO DATA FOR ${Math.floor(silent)} S`;
    return { name: "silent", text, detail: known.frameAt ? "this is the last image" : "", dim: true };
  }
  return known.mode === "live"
    ? { name: "live", text: "LIVE", detail: "", dim: false }
    : { name: "replay", text: "REPLAY", detail: "", dim: false };
}

function ending(report) {
  if (!report) return "the stream is over";
  const told = ["frames_in", "frames_out"].every((key) => Number.isFinite(report[key]));
  return told ? `the stream is over: ${report.frames_in} frames in, ${report.frames_out} out` : "the stream is over";
}

// What has to be said on the image itself about the frame that is shown.
export function notesOf(frame, stream) {
  const notes = [];
  if (frame) {
    const { skipped, n_shots, after_restart, reason } = frame.header;
    if (frame.layers.length < 2) notes.push(`Not enhanced: ${skipped || reason || "the frame passed no network"}`);
    if (n_shots && n_shots[0] < n_shots[1]) notes.push(`Too few shots: made of ${n_shots[0]} of ${n_shots[1]}`);
    if (after_restart) notes.push("First images after a restart");
  }
  return notes.concat(stream?.warnings ?? []);
}
