// The few lines of DOM that every part of the page needs.

export const $ = (id) => document.getElementById(id);

export function element(tag, { text, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

// Writing the same text again would make screen readers speak, and the browser lay out.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function press(node, on) {
  node.setAttribute("aria-pressed", String(Boolean(on)));
}

export const signed = (value, digits = 0) =>
  `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;

export const minus = (text) => String(text).replace("-", "−");

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// The page's own address with a relative path and its token: prefixes and proxies keep working.
export function addressOf(path, query = {}) {
  const url = new URL(path, document.baseURI);
  const token = new URLSearchParams(location.search).get("token");
  const all = token ? { ...query, token } : query;
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return url;
}
