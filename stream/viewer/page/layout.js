// Where images lie in the window: as large as it allows, at their true proportions, all at one scale.

export const MODES = {
  plain: [["plain", "Plain"]],
  enhanced: [["enhanced", "Enhanced"]],
  side: [["plain", "Plain"], ["enhanced", "Enhanced"]],
  wipe: [["plain", "Plain"], ["enhanced", "Enhanced"]],
  difference: [["difference", "Enhanced − plain"]],
};

const GAP = 30, LABEL = 24;
const EDITOR = 104, NARROW = 600;

// Room for the rulers on the left and below, for the grey bar on the right.
const margins = (width) => (width < NARROW ? { left: 34, right: 52, bottom: 46 } : { left: 46, right: 62, bottom: 40 });

// The part of the world that the image covers, in mm: pixels have a size, half of it lies before the first one's
// centre.
export function extentOf({ n_x, n_z, x_mm, z_mm }) {
  return { left: x_mm[0] - x_mm[1] / 2, top: z_mm[0] - z_mm[1] / 2, width: n_x * x_mm[1], height: n_z * z_mm[1] };
}

// The share of the image that is seen, as left, top, width and height.
export function windowOf({ zoom, x, z }) {
  const size = 1 / zoom, start = (middle) => Math.min(1 - size, Math.max(0, middle - size / 2));
  return [start(x), start(z), size, size];
}

// Panes in CSS pixels of a stage of `width` x `height`. Two images lie beside or below each other, whichever is larger.
export function arrange(width, height, stream, { compare, editor = false, wipe = 0.5, zoom = 1, x = 0.5, z = 0.5 }) {
  const space = margins(width), extent = extentOf(stream), shown = MODES[compare];
  const right = space.right + (editor && width >= NARROW ? EDITOR : 0), apart = compare === "side" ? shown.length : 1;
  const across = scaleOf(width, height, space, right, extent, apart, 1);
  const down = scaleOf(width, height, space, right, extent, 1, apart);
  const [columns, rows, scale] = across >= down ? [apart, 1, across] : [1, apart, down];
  const size = { width: Math.floor(extent.width * scale), height: Math.floor(extent.height * scale) };
  const whole = { width: columns * size.width + (columns - 1) * GAP, height: rows * (size.height + LABEL) };
  const left = space.left + Math.max(0, Math.floor((width - space.left - right - whole.width) / 2));
  const seen = windowOf({ zoom, x, z });
  const panes = shown.map(([layer, label], i) => {
    const column = i % columns, row = apart === 1 ? 0 : Math.floor(i / columns);
    const place = { x: left + (apart === 1 ? 0 : column) * (size.width + GAP), y: LABEL + row * (size.height + LABEL) };
    return { layer, label, ...place, ...size, window: seen };
  });
  for (const pane of panes) pane.clip = { x: pane.x, y: pane.y, width: pane.width, height: pane.height };
  if (compare === "wipe") split(panes, wipe);
  return { panes, scale: scale * zoom, extent, rows, columns, spare: height - whole.height - space.bottom,
    bottom: whole.height, right: left + whole.width, left, narrow: width < NARROW };
}

function scaleOf(width, height, space, right, extent, columns, rows) {
  const room = width - space.left - right - (columns - 1) * GAP, depth = height - space.bottom - rows * LABEL;
  return Math.max(0.01, Math.min(room / (columns * extent.width), depth / (rows * extent.height)));
}

function split([plain, enhanced], wipe) {
  const at = Math.round(plain.width * wipe);
  plain.clip.width = at;
  enhanced.clip.x += at;
  enhanced.clip.width -= at;
}

// The same in device pixels, whole ones.
export function inDevicePixels(pane, ratio) {
  const rounded = ({ x, y, width, height }) => {
    const left = Math.round(x * ratio), top = Math.round(y * ratio);
    return { x: left, y: top, width: Math.round((x + width) * ratio) - left,
      height: Math.round((y + height) * ratio) - top };
  };
  return { ...pane, ...rounded(pane), clip: rounded(pane.clip) };
}

// From a point of the stage to [x, z] in mm, and back.
export function toMm(pane, extent, x, y) {
  const [u, v, w, h] = pane.window;
  return [extent.left + (u + ((x - pane.x) / pane.width) * w) * extent.width,
    extent.top + (v + ((y - pane.y) / pane.height) * h) * extent.height];
}

export function fromMm(pane, extent, [x, z]) {
  const [u, v, w, h] = pane.window;
  return [pane.x + (((x - extent.left) / extent.width - u) / w) * pane.width,
    pane.y + (((z - extent.top) / extent.height - v) / h) * pane.height];
}

export const paneAt = (panes, x, y) => panes.find(({ clip }) =>
  x >= clip.x && x < clip.x + clip.width && y >= clip.y && y < clip.y + clip.height);
