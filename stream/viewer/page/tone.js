// From dB to what is seen, in numbers: the shader and the 2-D canvas do the same.

export const HISTORY = 8;

// Gain of the TGC in dB at a share 0..1 of the depth: straight lines between nodes that lie evenly over the image.
export function tgcAt(nodes, depth) {
  const place = Math.min(1, Math.max(0, depth)) * (nodes.length - 1);
  const node = Math.min(nodes.length - 2, Math.floor(place));
  return nodes[node] + (nodes[node + 1] - nodes[node]) * (place - node);
}

// How much the shown frame and those before it count, newest first; they add up to 1.
export function weightsOf(persistence, frames) {
  const n = persistence > 0 ? Math.min(HISTORY, frames) : 1;
  const weights = Array.from({ length: n }, (_, age) => persistence ** age);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

// Colour maps as 256 x RGB, made of straight lines between colours whose lightness rises evenly.
const STOPS = {
  grey: [[0, 0, 0], [255, 255, 255]],
  warm: [[0, 0, 0], [74, 47, 30], [156, 112, 74], [226, 190, 146], [255, 247, 230]],
  ice: [[0, 0, 0], [22, 44, 74], [66, 110, 150], [150, 190, 214], [242, 250, 255]],
  heat: [[0, 0, 0], [92, 14, 40], [190, 52, 28], [246, 150, 36], [255, 250, 190]],
  sonar: [[0, 0, 0], [8, 58, 62], [26, 128, 112], [130, 200, 130], [250, 250, 200]],
};
const DIFFERENCE = [[120, 200, 255], [30, 96, 190], [8, 10, 14], [196, 84, 24], [255, 206, 120]];

export const colours = (map) => table(STOPS[map]);
export const differenceColours = () => table(DIFFERENCE);

function table(stops) {
  const rgb = new Uint8Array(3 * 256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1), stop = Math.min(stops.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) {
      rgb[3 * i + c] = Math.round(stops[stop][c] + (stops[stop + 1][c] - stops[stop][c]) * (place - stop));
    }
  }
  return rgb;
}
