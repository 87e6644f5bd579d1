// Draws the same without WebGL2, value by value; quicker than a WebGL that has no graphics card.

import { colours, differenceColours, tgcAt } from "./tone.js";
import { remembered } from "./webgl.js";

const LAYER = { plain: 0, enhanced: 1 };

export class CanvasDisplay {
  name = "2-D canvas";

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.scratch = document.createElement("canvas").getContext("2d", { alpha: false });
  }

  draw(panes, frames, look) {
    const { canvas, context } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const pane of frames.length ? panes : []) {
      if (pane.layer === "plain" || frames[0].layers.length > 1) this.drawPane(pane, frames, look);
    }
  }

  drawPane(pane, frames, look) {
    const { context, scratch } = this, { n_x, n_z } = frames[0].stream, [u, v, w, h] = pane.window;
    this.paint(pane.layer, frames, look);
    context.save();
    context.beginPath();
    context.rect(pane.clip.x, pane.clip.y, pane.clip.width, pane.clip.height);
    context.clip();
    context.drawImage(scratch.canvas, u * n_x, v * n_z, w * n_x, h * n_z, pane.x, pane.y, pane.width, pane.height);
    context.restore();
  }

  paint(layer, frames, look) {
    const { n_x, n_z } = frames[0].stream, picture = this.pictureOf(n_x, n_z);
    const words = new Uint32Array(picture.data.buffer);
    const table = packed(layer === "difference" ? differenceColours() : colours(look.map));
    if (layer === "difference") paintDifference(words, table, frames, look);
    else paintLayer(words, table, LAYER[layer], frames, look);
    this.scratch.putImageData(picture, 0, 0);
  }

  pictureOf(n_x, n_z) {
    if (this.picture?.width !== n_x || this.picture?.height !== n_z) {
      Object.assign(this.scratch.canvas, { width: n_x, height: n_z });
      this.picture = this.scratch.createImageData(n_x, n_z);
    }
    return this.picture;
  }
}

// The number of a colour is a straight line in the value, row by row; nothing at the stream's floor is an echo.
function paintLayer(words, table, layer, frames, look) {
  const { n_x, n_z } = frames[0].stream, { values, db, floor_db } = levels(layer, frames, look);
  const slope = (255 * db) / look.range;
  for (let row = 0, i = 0; row < n_z; row++) {
    const gain = look.gain + tgcAt(look.tgc, (row + 0.5) / n_z);
    const start = 255 * (1 + (floor_db + gain) / look.range);
    for (const end = i + n_x; i < end; i++) words[i] = values[i] > 0 ? table[whole(values[i] * slope + start)] : table[0];
  }
}

function paintDifference(words, table, frames, look) {
  const plain = levels(0, frames, look), enhanced = levels(1, frames, look);
  const slope = (255 * plain.db) / look.range;
  for (let i = 0; i < words.length; i++) {
    words[i] = table[whole((enhanced.values[i] - plain.values[i]) * slope + 127.5)];
  }
}

// How far the shown frame and those before it lie above the floor that they share: values of so many dB each.
function levels(layer, frames, look) {
  const { used, weights } = remembered(frames, look), [{ layers, range_db, full }] = used;
  if (used.length === 1) return { values: layers[layer], db: range_db / full, floor_db: -range_db };
  const values = new Float32Array(layers[layer].length);
  used.forEach((frame, age) => {
    const of = frame.layers[layer], scale = (weights[age] * frame.range_db) / frame.full;
    for (let i = 0; i < values.length; i++) values[i] += of[i] * scale;
  });
  return { values, db: 1, floor_db: -used.reduce((sum, frame, age) => sum + weights[age] * frame.range_db, 0) };
}

const whole = (number) => (number <= 0 ? 0 : number >= 255 ? 255 : (number + 0.5) | 0);

const packed = (rgb) => Uint32Array.from({ length: 256 }, (_, i) =>
  0xff000000 | (rgb[3 * i + 2] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i]);
