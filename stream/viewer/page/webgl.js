// Draws with WebGL2. Every frame that persistence may add up has a texture, so a step of the cine loop uploads one.
// A texture holds 16 bits of each layer as bytes: no other format is uploaded as it is, filtered, and as fine.

import { FRAGMENT, VERTEX } from "./shader.js";
import { HISTORY, colours, differenceColours, weightsOf } from "./tone.js";

const UNITS = Int32Array.from({ length: HISTORY }, (_, unit) => unit);
const KINDS = { plain: 0, enhanced: 1, difference: 2 };
const UNIFORMS = ["window", "images", "colours", "kind", "history", "weights", "ranges", "gain", "range", "tgc"];

export class WebglDisplay {
  name = "WebGL2";

  // Throws where there is no WebGL2.
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (!this.gl) throw new Error("no WebGL2");
    this.build();
  }

  // Also after a lost context came back: then nothing is left of what was made before.
  build() {
    const { gl } = this;
    this.program = link(gl);
    this.places = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.shape = "";
    this.frames = new Array(HISTORY).fill(null);
    this.textures = [];
    this.map = "";
    this.colours = texture(gl, HISTORY, gl.NEAREST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  draw(panes, frames, look) {
    const { gl, canvas, places } = this;
    if (gl.isContextLost()) return;
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!frames.length) return;
    gl.useProgram(this.program);
    this.useColours(look.map);
    this.useFrames(frames, look);
    gl.uniform1f(places.gain, look.gain);
    gl.uniform1f(places.range, look.range);
    gl.uniform1fv(places.tgc, look.tgc);
    gl.enable(gl.SCISSOR_TEST);
    for (const pane of panes) {
      if (pane.layer !== "plain" && frames[0].layers.length < 2) continue;
      gl.viewport(...fromBelow(pane, canvas.height));
      gl.scissor(...fromBelow(pane.clip, canvas.height));
      gl.uniform4f(places.window, ...pane.window);
      gl.uniform1i(places.kind, KINDS[pane.layer]);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }

  useColours(map) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + HISTORY);
    gl.bindTexture(gl.TEXTURE_2D, this.colours);
    gl.uniform1i(this.places.colours, HISTORY);
    if (map === this.map) return;
    this.map = map;
    const both = new Uint8Array([...colours(map), ...differenceColours()]);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, 2, 0, gl.RGB, gl.UNSIGNED_BYTE, both);
  }

  useFrames(frames, look) {
    const { gl, places } = this, { used, weights } = remembered(frames, look);
    this.fit(frames[0].stream);
    const slots = used.map((frame) => this.slotOf(frame, used));
    for (let unit = 0; unit < HISTORY; unit++) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.textures[slots[unit] ?? slots[0]]);
    }
    gl.uniform1iv(places.images, UNITS);
    gl.uniform1i(places.history, used.length);
    gl.uniform1fv(places.weights, padded(weights));
    gl.uniform1fv(places.ranges, padded(used.map((frame) => frame.range_db)));
  }

  fit({ n_x, n_z }) {
    const { gl } = this, shape = `${n_z} x ${n_x}`;
    if (shape === this.shape) return;
    this.shape = shape;
    this.frames.fill(null);
    this.textures.forEach((old) => gl.deleteTexture(old));
    this.textures = this.frames.map(() => {
      const made = texture(gl, 0, gl.LINEAR);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, n_x, n_z);
      return made;
    });
    this.staging = new Uint32Array(n_x * n_z);
  }

  slotOf(frame, used) {
    const there = this.frames.indexOf(frame);
    if (there >= 0) return there;
    const slot = this.frames.findIndex((old) => !used.includes(old));
    this.frames[slot] = frame;
    this.upload(frame, slot);
    return slot;
  }

  upload({ layers: [plain, enhanced], full, stream: { n_x, n_z } }, slot) {
    const { gl, staging } = this, scale = 65535 / full;
    for (let i = 0; i < staging.length; i++) staging[i] = plain[i] * scale;
    if (enhanced) for (let i = 0; i < staging.length; i++) staging[i] |= (enhanced[i] * scale) << 16;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.textures[slot]);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, n_x, n_z, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(staging.buffer));
  }
}

// The frames that persistence adds up, newest first, and how much each counts.
export function remembered(frames, { persistence }) {
  const alike = frames.slice(0, HISTORY).filter((frame) => sameShape(frame, frames[0]));
  const weights = weightsOf(persistence, alike.length);
  return { used: alike.slice(0, weights.length), weights };
}

const sameShape = (a, b) => a.stream.n_z === b.stream.n_z && a.stream.n_x === b.stream.n_x
  && a.layers.length === b.layers.length;

const padded = (values) => Float32Array.from({ length: HISTORY }, (_, i) => values[i] ?? 0);
const fromBelow = ({ x, y, width, height }, whole) => [x, whole - y - height, width, height];

function texture(gl, unit, filter) {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return made;
}

function link(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the shader does not build here: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
