// Numbers from an image in dB. An image is { n_z, n_x, x_mm: [first, step], z_mm: [first, step], range_db, at(index) }.

// Of two points [x, z] in mm.
export const distanceMm = ([a, b]) => Math.hypot(b[0] - a[0], b[1] - a[1]);

// At the middle one of three points, 0..180.
export function angleDeg([a, corner, b]) {
  const one = Math.atan2(a[1] - corner[1], a[0] - corner[0]), other = Math.atan2(b[1] - corner[1], b[0] - corner[0]);
  const turn = Math.abs(one - other);
  return ((turn > Math.PI ? 2 * Math.PI - turn : turn) * 180) / Math.PI;
}

// The values in dB of the pixels whose centres lie in an ellipse or a rectangle, given by two opposite corners.
export function valuesIn(image, kind, [a, b]) {
  const [x0, dx] = image.x_mm, [z0, dz] = image.z_mm;
  const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const half = [Math.abs(b[0] - a[0]) / 2, Math.abs(b[1] - a[1]) / 2];
  const columns = between(x0, dx, image.n_x, middle[0] - half[0], middle[0] + half[0]);
  const rows = between(z0, dz, image.n_z, middle[1] - half[1], middle[1] + half[1]);
  const values = [];
  for (let row = rows[0]; row <= rows[1]; row++) {
    const z = (z0 + row * dz - middle[1]) / half[1];
    for (let column = columns[0]; column <= columns[1]; column++) {
      const x = (x0 + column * dx - middle[0]) / half[0];
      if (kind === "rectangle" || x * x + z * z <= 1) values.push(image.at(row * image.n_x + column));
    }
  }
  return values;
}

function between(first, step, n, low, high) {
  const slack = 1e-9;
  return [Math.max(0, Math.ceil((low - first) / step - slack)), Math.min(n - 1,
    Math.floor((high - first) / step + slack))];
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function variance(values) {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length;
}

export const deviation = (values) => Math.sqrt(variance(values));

// Contrast-to-noise ratio |mean difference| / sqrt(var + var) of values in dB; null where both are constant.
export function cnr(one, other) {
  const spread = Math.sqrt(variance(one) + variance(other));
  return spread > 0 ? Math.abs(mean(one) - mean(other)) / spread : null;
}

// Generalised CNR: one minus the overlap of histograms of 100 bins over the range (Rodriguez-Molares et al. 2020).
export function gcnr(one, other, range_db, bins = 100) {
  const p = histogram(one, range_db, bins), q = histogram(other, range_db, bins);
  return 1 - p.reduce((sum, share, i) => sum + Math.min(share, q[i]), 0);
}

function histogram(values, range_db, bins) {
  const shares = new Float64Array(bins);
  for (const value of values) {
    const bin = Math.floor((Math.min(0, Math.max(-range_db, value)) / range_db + 1) * bins);
    shares[Math.min(bins - 1, bin)] += 1 / values.length;
  }
  return shares;
}

// The value of the pixel that holds a point in mm; null outside.
export function valueAt(image, [x, z]) {
  const column = Math.round((x - image.x_mm[0]) / image.x_mm[1]), row = Math.round((z - image.z_mm[0]) / image.z_mm[1]);
  const inside = column >= 0 && column < image.n_x && row >= 0 && row < image.n_z;
  return inside ? image.at(row * image.n_x + column) : null;
}

// Values along a line from point to point, as near as pixels are: { mm: [...], db: [...] }, bilinear between pixels.
export function profile(image, [a, b]) {
  const length = distanceMm([a, b]), step = Math.min(image.x_mm[1], image.z_mm[1]);
  const n = Math.max(2, Math.round(length / step) + 1);
  const mm = Array.from({ length: n }, (_, i) => (length * i) / (n - 1));
  return { mm, db: mm.map((_, i) => bilinear(image, mix(a, b, i / (n - 1)))) };
}

const mix = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];

function bilinear(image, [x, z]) {
  const clamp = (value, n) => Math.min(n - 1, Math.max(0, value));
  const column = clamp((x - image.x_mm[0]) / image.x_mm[1], image.n_x);
  const row = clamp((z - image.z_mm[0]) / image.z_mm[1], image.n_z);
  const left = Math.min(image.n_x - 2, Math.floor(column)), above = Math.min(image.n_z - 2, Math.floor(row));
  const i = above * image.n_x + left, across = column - left, down = row - above;
  const upper = image.at(i) * (1 - across) + image.at(i + 1) * across;
  const lower = image.at(i + image.n_x) * (1 - across) + image.at(i + image.n_x + 1) * across;
  return upper * (1 - down) + lower * down;
}
