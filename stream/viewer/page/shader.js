// The one shader: log data in, colours out. Everything that a user turns acts here, for live, frozen and cine alike.

import { HISTORY } from "./tone.js";

export const VERTEX = `#version 300 es
uniform vec4 window;  // the part of the image that the pane shows: left, top, width, height, each 0..1
out vec2 place;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  place = window.xy + corner * window.zw;
  gl_Position = vec4(corner.x * 2.0 - 1.0, 1.0 - corner.y * 2.0, 0.0, 1.0);
}`;

// Samplers are indexed by constants alone in this language, hence one line a frame.
const AGES = Array.from({ length: HISTORY }, (_, age) => age);

export const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D images[${HISTORY}];  // the frames, newest first: two bytes for the plain value, two for the enhanced
uniform sampler2D colours;  // the map, and below it that of differences
uniform int kind;           // 0 plain, 1 enhanced, 2 enhanced less plain
uniform int history;
uniform float weights[${HISTORY}], ranges[${HISTORY}];
uniform float gain, range, tgc[8];
in vec2 place;
out vec4 colour;

// Plain and enhanced in dB, then how far both lie above the floor, 0..1.
vec4 levels() {
  vec4 sum = vec4(0.0);
  vec4 bytes;
  vec2 value;
  ${AGES.map((age) => `
  if (history > ${age}) {
    bytes = texture(images[${age}], place);
    value = vec2(bytes.x + 256.0 * bytes.y, bytes.z + 256.0 * bytes.w) / 257.0;
    sum += weights[${age}] * vec4(ranges[${age}] * (value - 1.0), value);
  }`).join("")}
  return sum;
}

float tgcAt(float depth) {
  float at = clamp(depth, 0.0, 1.0) * 7.0;
  int node = min(6, int(at));
  return mix(tgc[node], tgc[node + 1], at - float(node));
}

void main() {
  vec4 level = levels();
  float shade;
  if (kind == 2) {
    shade = 0.5 + (level.y - level.x) / range;
  } else {
    vec2 db = kind == 1 ? level.yw : level.xz;
    shade = db.y > 0.0 ? 1.0 + (db.x + gain + tgcAt(place.y)) / range : 0.0;
  }
  float row = kind == 2 ? 0.75 : 0.25;
  colour = texture(colours, vec2((floor(clamp(shade, 0.0, 1.0) * 255.0 + 0.5) + 0.5) / 256.0, row));
}`;
