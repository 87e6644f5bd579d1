// Lines over the images: rulers, measurements, the crosshair, the wipe's edge, the TGC's curve.

import { signed } from "./dom.js";
import { fromMm } from "./layout.js";
import { isRegion } from "./measuring.js";
import { FONT, drawRulers } from "./rulers.js";

const HUES = ["#ffd166", "#6ec6ff", "#f78fb3", "#9be28d", "#d6a2ff", "#ff9f68"];
const HANDLE = 3.5;

export function drawOverlay(context, size, { layout, look, captions, measuring, ratio }) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  if (!layout) return;
  drawRulers(context, layout, look, captions);
  for (const pane of layout.panes) {
    context.save();
    context.beginPath();
    context.rect(pane.clip.x, pane.clip.y, pane.clip.width, pane.clip.height);
    context.clip();
    drawMeasurements(context, pane, layout.extent, measuring);
    context.restore();
  }
  if (look.compare === "wipe") drawWipe(context, layout.panes[1]);
}

export const hueOf = (index) => HUES[index % HUES.length];

function drawMeasurements(context, pane, extent, { list, tool, begun, hand }) {
  const place = (point) => fromMm(pane, extent, point);
  list.forEach((measurement, i) => drawOne(context, measurement, measurement.points.map(place), hueOf(i)));
  if (!tool) return;
  const points = hand ? [...begun, hand] : begun;
  if (points.length > 1 || begun.length) drawOne(context, { kind: tool, name: "" }, points.map(place), "#fff");
  if (hand) drawCrosshair(context, pane, place(hand));
}

function drawOne(context, { kind, name }, points, colour) {
  for (const [width, ink] of [[3.5, "#000a"], [1.5, colour]]) {
    context.lineWidth = width;
    context.strokeStyle = ink;
    context.beginPath();
    outline(context, kind, points);
    context.stroke();
  }
  context.fillStyle = colour;
  if (!isRegion({ kind })) points.forEach(([x, y]) => context.fillRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE));
  if (name) drawName(context, kind, name, points, colour);
}

function outline(context, kind, points) {
  const [a, b] = points;
  if (kind === "rectangle" && b) context.rect(Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.abs(b[0] - a[0]),
    Math.abs(b[1] - a[1]));
  else if (kind === "ellipse" && b) {
    const radii = [Math.abs(b[0] - a[0]) / 2, Math.abs(b[1] - a[1]) / 2];
    context.ellipse((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, ...radii, 0, 0, 2 * Math.PI);
  } else points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
}

function drawName(context, kind, name, points, colour) {
  const region = isRegion({ kind });
  const x = region ? Math.max(...points.map(([px]) => px)) + 4 : points.at(-1)[0] + 7;
  const y = region ? Math.min(...points.map(([, py]) => py)) + 2 : points.at(-1)[1] - 7;
  context.font = `600 ${FONT}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.strokeStyle = "#000c";
  context.strokeText(name, x, y);
  context.fillStyle = colour;
  context.fillText(name, x, y);
}

function drawCrosshair(context, { clip }, [x, y]) {
  context.lineWidth = 1;
  context.strokeStyle = "#ffffff80";
  context.beginPath();
  context.moveTo(clip.x, y);
  context.lineTo(clip.x + clip.width, y);
  context.moveTo(x, clip.y);
  context.lineTo(x, clip.y + clip.height);
  context.stroke();
}

function drawWipe(context, { clip, y, height }) {
  context.fillStyle = "#fff";
  context.fillRect(clip.x - 0.75, y, 1.5, height);
  context.beginPath();
  context.arc(clip.x, y + height / 2, 13, 0, 2 * Math.PI);
  context.fillStyle = "#0b0d10d0";
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = "#fff";
  context.stroke();
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(clip.x + side * 4, y + height / 2 - 4);
    context.lineTo(clip.x + side * 8, y + height / 2);
    context.lineTo(clip.x + side * 4, y + height / 2 + 4);
  }
  context.stroke();
}

// One line about the point under the pointer, in both images.
export const readout = ([x, z], values) =>
  [`x ${signed(x, 2)} mm`, `z ${z.toFixed(2)} mm`, ...values.map(([label,
    db]) => `${label} ${signed(db, 1)} dB`)].join("   ");
