// Curves on a small canvas, with as much of axes as it has room for.

import { minus } from "./dom.js";
import { FONT, ticks } from "./rulers.js";

const EDGE = { left: 34, right: 8, top: 18, bottom: 20 };

// `curves` are { x, y, colour, label, dashed }; `x` and `y` are [low, high] of the axes.
export function drawCurves(canvas, { x, y, unit, xUnit, curves }) {
  const ratio = devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width || !height) return;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const room = { width: width - EDGE.left - EDGE.right, height: height - EDGE.top - EDGE.bottom };
  const px = (value) => EDGE.left + ((value - x[0]) / (x[1] - x[0])) * room.width;
  const py = (value) => EDGE.top + (1 - (value - y[0]) / (y[1] - y[0])) * room.height;
  drawAxes(context, { x, y, px, py, room, unit, xUnit });
  context.save();
  context.beginPath();
  context.rect(EDGE.left, EDGE.top - 1, room.width, room.height + 2);
  context.clip();
  for (const curve of curves) drawCurve(context, curve, px, py);
  context.restore();
  drawLegend(context, curves, width);
}

function drawAxes(context, { x, y, px, py, room, unit, xUnit }) {
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = "#232b34";
  context.fillStyle = "#93a1b0";
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticks(y[0], y[1], room.height, 24)) {
    context.beginPath();
    context.moveTo(px(x[0]), py(value));
    context.lineTo(px(x[1]), py(value));
    context.stroke();
    context.fillText(minus(value), EDGE.left - 6, py(value));
  }
  context.fillText(unit, EDGE.left - 6, 8);
  context.textAlign = "center";
  context.textBaseline = "top";
  const across = ticks(x[0], x[1], room.width, room.width > 500 ? 80 : 44);
  across.forEach((value, i) => context.fillText(i === across.length - 1 ? `${minus(value)} ${xUnit}` : minus(value),
    Math.min(px(value), EDGE.left + room.width - 12), EDGE.top + room.height + 6));
}

function drawCurve(context, { x, y, colour, dashed }, px, py) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.setLineDash(dashed ? [4, 4] : []);
  context.beginPath();
  let pen = false;
  for (let i = 0; i < x.length; i++) {
    const there = Number.isFinite(y[i]);
    if (there && pen) context.lineTo(px(x[i]), py(y[i]));
    else if (there) context.moveTo(px(x[i]), py(y[i]));
    pen = there;
  }
  context.stroke();
  context.setLineDash([]);
}

function drawLegend(context, curves, width) {
  context.textAlign = "right";
  context.textBaseline = "middle";
  let right = width - EDGE.right;
  for (const { label, colour } of [...curves].reverse()) {
    context.fillStyle = colour;
    context.fillText(label, right, 8);
    right -= context.measureText(label).width + 12;
  }
}
