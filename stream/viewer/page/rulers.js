// What stands around the images: rulers in mm, the grey bar in dB, labels, and the mark of the first element.

import { minus } from "./dom.js";
import { fromMm, toMm } from "./layout.js";
import { colours, differenceColours } from "./tone.js";

const INK = "#93a1b0", BRIGHT = "#dde4ec", MARK = "#5ec4b6";
export const FONT = '11px "Inter", "Segoe UI", system-ui, sans-serif';
const NARROW = 260;

export function drawRulers(context, layout, look, captions) {
  context.font = FONT;
  context.lineWidth = 1;
  const { panes, columns, rows } = layout;
  panes.forEach((pane, i) => {
    if (i === 0 || columns === 1) drawDepth(context, pane, layout.extent);
    if (i >= panes.length - columns || rows === 1) drawLateral(context, pane, layout.extent);
    drawMark(context, pane);
  });
  drawCaptions(context, panes, captions);
  drawBar(context, layout, look);
}

export function ticks(first, last, pixels, least) {
  const steps = [0.1, 1, 10, 100, 1000, 10000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);
  const step = steps.find((s) => (s / (last - first)) * pixels >= least) ?? last - first;
  const values = [];
  for (let i = Math.ceil(first / step - 1e-9); i * step <= last + 1e-9; i++) values.push(Number((i * step).toFixed(3)));
  return values;
}

function drawDepth(context, pane, extent) {
  const [, first] = toMm(pane, extent, pane.x, pane.y), [, last] = toMm(pane, extent, pane.x, pane.y + pane.height);
  strokes(context, INK, "right", "middle");
  for (const mm of ticks(first, last, pane.height, 44)) {
    const [, y] = fromMm(pane, extent, [0, mm]);
    line(context, pane.x - 6, y, pane.x - 1, y);
    context.fillText(String(mm), pane.x - 9, y);
  }
  for (const mm of ticks(first, last, pane.height, 8)) {
    const [, y] = fromMm(pane, extent, [0, mm]);
    line(context, pane.x - 3, y, pane.x - 1, y);
  }
  context.fillText("mm", pane.x - 9, pane.y - 10);
}

function drawLateral(context, pane, extent) {
  const [first] = toMm(pane, extent, pane.x, pane.y), [last] = toMm(pane, extent, pane.x + pane.width, pane.y);
  const bottom = pane.y + pane.height;
  strokes(context, INK, "center", "top");
  for (const mm of ticks(first, last, pane.width, 48)) {
    const [x] = fromMm(pane, extent, [mm, 0]);
    line(context, x, bottom + 1, x, bottom + 6);
    context.fillText(mm === 0 ? "0 mm" : minus(mm), x, bottom + 9);
  }
  for (const mm of ticks(first, last, pane.width, 8)) {
    const [x] = fromMm(pane, extent, [mm, 0]);
    line(context, x, bottom + 1, x, bottom + 3);
  }
}

// A dot above the first column: the side of the probe's first element.
function drawMark(context, pane) {
  if (pane.clip.x > pane.x) return;
  context.fillStyle = MARK;
  context.beginPath();
  context.arc(pane.x + 5, pane.y - 10, 4.5, 0, 2 * Math.PI);
  context.fill();
}

function drawCaptions(context, panes, captions) {
  context.textBaseline = "middle";
  panes.forEach(({ clip, y, layer, label, x, width }, i) => {
    const fromRight = clip.x > x;
    context.textAlign = fromRight ? "right" : "left";
    const at = fromRight ? x + width : x + 16, room = (clip.width < width ? width / 2 : width) - 20;
    context.font = `600 12px ${FONT.slice(5)}`;
    context.fillStyle = BRIGHT;
    const detail = captions[layer] ?? "", wide = context.measureText(label).width;
    context.font = FONT;
    const fits = detail && width > NARROW && wide + 10 + context.measureText(detail).width < room;
    const rest = fits ? context.measureText(detail).width + 8 : 0;
    context.fillStyle = INK;
    if (fits) context.fillText(detail, fromRight ? at : at + wide + 8, y - 11);
    context.font = `600 12px ${FONT.slice(5)}`;
    context.fillStyle = BRIGHT;
    context.fillText(label, fromRight ? at - rest : at, y - 11);
  });
}

function drawBar(context, { panes, right }, { map, range, gain }) {
  const difference = panes[0].layer === "difference", rgb = difference ? differenceColours() : colours(map);
  const x = right + 12, y = panes[0].y, height = Math.min(panes[0].height, 420);
  const fade = context.createLinearGradient(0, y, 0, y + height);
  for (let i = 0; i <= 32; i++) {
    const at = 3 * Math.round(255 * (1 - i / 32));
    fade.addColorStop(i / 32, `rgb(${rgb[at]},${rgb[at + 1]},${rgb[at + 2]})`);
  }
  context.fillStyle = fade;
  context.fillRect(x, y, 9, height);
  strokes(context, INK, "left", "middle");
  context.strokeRect(x - 0.5, y - 0.5, 10, height + 1);
  const top = difference ? range / 2 : -gain, bottom = difference ? -range / 2 : -gain - range;
  for (const db of ticks(bottom, top, height, 40)) {
    const at = y + ((top - db) / (top - bottom)) * height;
    line(context, x + 10, at, x + 13, at);
    context.fillText(minus(db), x + 16, at);
  }
  context.fillText("dB", x, y - 10);
}

function strokes(context, colour, align, baseline) {
  context.font = FONT;
  context.strokeStyle = context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = baseline;
}

function line(context, x0, y0, x1, y1) {
  const sharp = (value) => Math.round(value - 0.5) + 0.5;
  context.beginPath();
  context.moveTo(x0 === x1 ? sharp(x0) : x0, y0 === y1 ? sharp(y0) : y0);
  context.lineTo(x0 === x1 ? sharp(x1) : x1, y0 === y1 ? sharp(y1) : y1);
  context.stroke();
}
