// Shows frames as they come: two canvases with axes in mm, and the figures beside them.
"use strict";

const $ = (id) => document.getElementById(id);
const canvases = [$("plain"), $("enhanced")];
const INK = "#8592a0";
const MARGIN = { left: 34, top: 4, right: 8, bottom: 20 };

let stream = null;
let frame = null;
let frozen = false;

function connect() {
  const socket = new WebSocket(`ws://${location.host}/frames`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => {
    if (typeof event.data === "string") describe(JSON.parse(event.data));
    else if (!frozen) show(decodeFrame(event.data));
    if (typeof event.data !== "string") requestAnimationFrame(() => socket.readyState === 1 && socket.send("next"));
  };
  socket.onclose = () => {
    if ($("state").textContent !== "stream ended") setState("over", "disconnected, trying again");
    setTimeout(connect, 1000);
  };
}

function describe(message) {
  if (message.kind === "end") return setState("over", "stream ended");
  stream = message;
  $("source").textContent = `${stream.source}   ${stream.n_tx} transmits × ${stream.n_rx} receivers, `
    + `${stream.center_frequency_mhz} MHz, c = ${stream.sound_speed_m_s} m/s`;
  const range = $("range");
  range.max = range.value = stream.dynamic_range_db;
  showRange();
}

function decodeFrame(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const size = stream.n_z * stream.n_x;
  const layer = (i) => new Uint8Array(buffer, 4 + length + i * size, size);
  return { header, layers: Array.from({ length: header.layers }, (_, i) => layer(i)) };
}

function show(next) {
  frame = next;
  draw();
  tell(frame.header);
  setState("live", "live");
}

// Drawing

function draw() {
  if (!frame) return;
  const shades = greyTable();
  canvases.forEach((canvas, i) => drawImage(canvas, frame.layers[i], shades));
}

function greyTable() {
  const share = Number($("range").value) / stream.dynamic_range_db;
  return Uint8ClampedArray.from({ length: 256 }, (_, grey) => 255 - (255 - grey) / share);
}

function drawImage(canvas, pixels, shades) {
  const context = fitToScreen(canvas);
  const width = canvas.clientWidth, height = canvas.clientHeight;
  context.clearRect(0, 0, width, height);
  if (!pixels) return;
  const place = placement(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap(pixels, shades), place.x, place.y, place.width, place.height);
  drawAxes(context, place);
}

function fitToScreen(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

// The largest rectangle of the image's true proportions that leaves room for the axes.
function placement(width, height) {
  const mmWide = stream.n_x * stream.x_mm[1], mmHigh = stream.n_z * stream.z_mm[1];
  const room = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  const scale = Math.max(0, Math.min(room[0] / mmWide, room[1] / mmHigh));
  const x = MARGIN.left + (room[0] - mmWide * scale) / 2;
  return { x, y: MARGIN.top, width: mmWide * scale, height: mmHigh * scale, scale };
}

const scratch = document.createElement("canvas");
function bitmap(pixels, shades) {
  scratch.width = stream.n_x;
  scratch.height = stream.n_z;
  const context = scratch.getContext("2d");
  const image = context.createImageData(stream.n_x, stream.n_z);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) words[i] = 0xff000000 | (shades[pixels[i]] * 0x010101);
  context.putImageData(image, 0, 0);
  return scratch;
}

function drawAxes(context, place) {
  context.fillStyle = context.strokeStyle = INK;
  context.font = "11px system-ui, sans-serif";
  context.beginPath();
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const mm of ticks(stream.z_mm[0], stream.n_z * stream.z_mm[1], place.height)) {
    const y = place.y + (mm - stream.z_mm[0]) * place.scale;
    context.moveTo(place.x - 5, y);
    context.lineTo(place.x - 1, y);
    context.fillText(mm, place.x - 8, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  const bottom = place.y + place.height;
  for (const mm of ticks(stream.x_mm[0], stream.n_x * stream.x_mm[1], place.width)) {
    const x = place.x + (mm - stream.x_mm[0]) * place.scale;
    context.moveTo(x, bottom + 1);
    context.lineTo(x, bottom + 5);
    context.fillText(mm === 0 ? "0 mm" : String(mm).replace("-", "−"), x, bottom + 7);
  }
  context.stroke();
}

function ticks(first, extent, pixels) {
  const step = [1, 2, 5, 10, 20, 50].find((s) => (s / extent) * pixels >= 34) || 100;
  const values = [];
  for (let mm = Math.ceil(first / step) * step; mm <= first + extent; mm += step) values.push(mm);
  return values;
}

// Figures

function tell(header) {
  const enhanced = header.layers === 2;
  $("enhanced-title").textContent = enhanced ? "Enhanced" : "Not enhanced";
  $("model").textContent = enhanced ? `${header.model} on ${header.device}` : "";
  $("skipped").hidden = enhanced;
  $("skipped").textContent = enhanced ? "" : `Not enhanced: ${header.skipped}`;
  $("fps").textContent = header.fps.toFixed(1);
  $("frame-id").textContent = header.frame_id;
  $("acquired").textContent = header.acquired;
  tellLosses(header.dropped);
  tellLatency(header);
}

function tellLatency(header) {
  const whole = header.end_to_end;
  if (whole) {
    $("latency").textContent = whole.p50_ms.toFixed(0);
    $("latency").className = whole.over_budget ? "over" : "";
  }
  const rows = Object.entries(header.stages).map(([name, l]) => stageRow(name, l));
  if (whole) rows.push(stageRow("end to end", whole));
  $("stages").replaceChildren(...rows);
}

function stageRow(name, latency) {
  const row = element("div", "stage");
  const late = latency.over_budget ? "over" : "";
  const budget = latency.budget_ms ? latency.budget_ms.toFixed(0) : "–";
  row.append(element("b", "", name), element("span", "", latency.p50_ms.toFixed(1)));
  row.append(element("span", late, latency.p99_ms.toFixed(1)), element("span", "", budget));
  const bar = element("div", "bar"), fill = element("i", late);
  fill.style.width = `${Math.min(100, (100 * latency.p99_ms) / (latency.budget_ms || stream.frame_budget_ms))}%`;
  bar.append(fill);
  row.append(bar);
  return row;
}

function tellLosses(dropped) {
  const losses = Object.entries(dropped).flatMap(([edge, why]) => Object.entries(why).map(([w, n]) => [edge, w, n]));
  $("dropped").textContent = losses.reduce((sum, [, , n]) => sum + n, 0);
  $("losses").replaceChildren(...losses.map(([edge, why, n]) => element("li", "", `${n} at ${edge.replace(">", " → ")}: ${why.replace("_", " ")}`)));
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function setState(className, text) {
  $("state").className = className;
  $("state").textContent = text;
}

// Controls

function freeze() {
  frozen = !frozen;
  $("freeze").setAttribute("aria-pressed", frozen);
  if (frozen) setState("frozen", "frozen");
}

function showRange() {
  $("range-db").textContent = `${$("range").value} dB`;
  $("floor").textContent = `−${$("range").value} dB`;
  draw();
}

const KEYS = { " ": freeze, f: freeze };
document.addEventListener("keydown", (event) => {
  const action = KEYS[event.key];
  if (action && event.target.id !== "freeze") { event.preventDefault(); action(); }
});
$("freeze").addEventListener("click", freeze);
$("range").addEventListener("input", showRange);
window.addEventListener("resize", draw);
connect();
