// What the user has chosen for the display. It lives in the address, so reloads, reconnects and colleagues keep it.

export const NODES = 8;
export const COMPARE = ["plain", "enhanced", "side", "wipe", "difference"];
export const MAPS = ["grey", "warm", "ice", "heat", "sonar"];

const number = (low, high, fallback, digits = 2) => ({
  fallback,
  read: (text) => number_(text, low, high),
  write: (value) => String(Number(value.toFixed(digits))),
});
const number_ = (text, low, high) => {
  const value = Number(text);
  return text === "" || !Number.isFinite(value) ? undefined : Math.min(high, Math.max(low, value));
};
const choice = (values, fallback) => ({ fallback, read: (text) => (values.includes(text) ? text : undefined),
  write: String });

const KINDS = {
  gain: number(-30, 30, 0, 1),
  range: number(20, 100, 60, 0),
  tgc: {
    fallback: Object.freeze(new Array(NODES).fill(0)),
    read: (text) => {
      const nodes = String(text).split(",").map((node) => number_(node, -20, 20));
      return nodes.length === NODES && nodes.every((node) => node !== undefined) ? nodes : undefined;
    },
    write: (nodes) => nodes.map((node) => Number(node.toFixed(1))).join(","),
  },
  map: choice(MAPS, "grey"),
  persistence: number(0, 0.95, 0),
  compare: choice(COMPARE, "side"),
  wipe: number(0, 1, 0.5, 3),
  zoom: number(1, 20, 1, 3),
  x: number(0, 1, 0.5, 4),
  z: number(0, 1, 0.5, 4),
  cine: number(2, 60, 10, 0),
  speed: number(0.1, 4, 1),
  loop: choice(["on", "off"], "on"),
  panel: choice(["display", "measure", "imaging", "run", "none"], "display"),
  editor: choice(["on", "off"], "off"),
};

export class Settings extends EventTarget {
  constructor() {
    super();
    this.streamRange = KINDS.range.fallback;
    this.chosen = read(location);
  }

  get(name) {
    return this.chosen[name] ?? (name === "range" ? this.streamRange : KINDS[name].fallback);
  }

  set(name, value) {
    const kind = KINDS[name], valid = kind.read(typeof value === "number" ? String(value) : kind.write(value));
    if (valid === undefined) throw new RangeError(`${name} cannot be ${value}`);
    if (kind.write(valid) === kind.write(this.get(name)) && name in this.chosen) return;
    this.chosen[name] = valid;
    this.changed(name);
  }

  reset(...names) {
    for (const name of names) delete this.chosen[name];
    this.changed(names[0]);
  }

  // The range that images have on the wire is the range shown until the user takes another.
  follow(stream) {
    this.streamRange = KINDS.range.read(String(stream.dynamic_range_db));
    this.changed("range");
  }

  changed(name) {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.keep(), 150);
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }

  keep() {
    history.replaceState(null, "", `${location.pathname}${location.search}${this.fragment()}`);
  }

  fragment() {
    const named = Object.entries(this.chosen).map(([name, value]) => `${name}=${KINDS[name].write(value)}`);
    return named.length ? `#${named.join("&")}` : "";
  }

  all() {
    return Object.fromEntries(Object.keys(KINDS).map((name) => [name, this.get(name)]));
  }
}

// From the query, and above it the fragment.
function read({ search, hash }) {
  const chosen = {};
  for (const text of [search, hash]) {
    for (const [name, value] of new URLSearchParams(text.slice(1))) {
      const valid = Object.hasOwn(KINDS, name) ? KINDS[name].read(value) : undefined;
      if (valid !== undefined) chosen[name] = valid;
    }
  }
  return chosen;
}
