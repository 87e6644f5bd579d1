// The last seconds of received frames, and where in them the user is. Memory is bounded in seconds and in bytes.

const MOST_BYTES = 256 * 2 ** 20;
const ORDINARY_S = 0.04, LONGEST_S = 1;

export class Cine extends EventTarget {
  frames = [];
  bytes = 0;
  at = -1;  // the frame shown; the newest while live
  frozen = false;
  playing = false;
  first = null;  // the range that is played: frames, so that it stays where it is
  last = null;

  add(frame, seconds) {
    this.frames.push(frame);
    this.bytes += frame.buffer.byteLength;
    while (this.frames.length > 1 && (this.bytes > MOST_BYTES || this.spanS() > seconds)) {
      this.bytes -= this.frames.shift().buffer.byteLength;
    }
    this.at = this.frames.length - 1;
  }

  get shown() {
    return this.frames[this.at];
  }

  // The shown frame and those before it, newest first.
  recent(n) {
    return this.frames.slice(Math.max(0, this.at + 1 - n), this.at + 1).reverse();
  }

  spanS() {
    return timeOf(this.frames.at(-1)) - timeOf(this.frames[0]);
  }

  // Seconds from the shown frame to the newest one, 0 or negative.
  get offsetS() {
    return this.frames.length ? timeOf(this.shown) - timeOf(this.frames.at(-1)) : 0;
  }

  freeze(on) {
    if (on && !this.frames.length) return;
    Object.assign(this, { frozen: on, playing: false, first: null, last: null, at: this.frames.length - 1 });
    this.changed();
  }

  get range() {
    const found = (frame, fallback) => {
      const i = frame ? this.frames.indexOf(frame) : -1;
      return i < 0 ? fallback : i;
    };
    return [found(this.first, 0), found(this.last, this.frames.length - 1)];
  }

  // Where the range begins, or ends; the other end gives way.
  mark(end) {
    this[end] = this.shown;
    const [first, last] = this.range;
    if (first > last) this[end === "first" ? "last" : "first"] = null;
    this.changed();
  }

  go(to) {
    this.at = Math.min(this.frames.length - 1, Math.max(0, to));
    this.changed();
  }

  step(by) {
    this.playing = false;
    this.go(this.at + by);
  }

  play(on) {
    this.playing = on && this.frozen;
    const [first, last] = this.range;
    if (this.playing && (this.at >= last || this.at < first)) this.at = first;
    this.due = null;
    this.changed();
  }

  // Called before every picture of the screen: the frame that is due now. At the end it loops or stops.
  advance(now_ms, speed, loop) {
    if (!this.playing) return;
    this.due ??= now_ms + this.holdMs(speed);
    while (this.playing && now_ms >= this.due) {
      const [first, last] = this.range;
      if (this.at >= last && !loop) this.playing = false;
      else this.at = this.at >= last ? first : this.at + 1;
      this.due += this.holdMs(speed);
    }
    this.changed();
  }

  // How long the shown frame stays, by the times at which frames were acquired.
  holdMs(speed) {
    const next = this.frames[this.at + 1];
    const seconds = next && this.at < this.range[1] ? timeOf(next) - timeOf(this.shown) : ORDINARY_S;
    return (1000 * (seconds > 0 && seconds < LONGEST_S ? seconds : ORDINARY_S)) / speed;
  }

  chosen() {
    const [first, last] = this.range;
    return this.frames.slice(first, last + 1);
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const timeOf = (frame) => frame.header.time_s ?? frame.arrived_s;
