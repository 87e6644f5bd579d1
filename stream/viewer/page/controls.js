// The display tab, the compare buttons and the tabs: native controls bound to settings. A double click resets one.

import { $, press, say, signed } from "./dom.js";
import { COMPARE } from "./settings.js";

const SHOWN = {
  gain: (value) => `${signed(value)} dB`,
  range: (value) => `${value} dB`,
  persistence: (value) => (value ? `${Math.round(value * 100)} %` : "off"),
  zoom: (value) => `${value.toFixed(1)} ×`,
  cine: (value) => `${value} s`,
};

export function bindControls({ settings, gestures }) {
  for (const name of Object.keys(SHOWN)) {
    bindSlider(settings, name, name === "zoom" ? (zoom) => gestures.zoomAt(zoom) : undefined);
  }
  $("map").addEventListener("change", () => settings.set("map", $("map").value));
  $("map").addEventListener("dblclick", () => settings.reset("map"));
  $("editor").addEventListener("click", () => settings.set("editor", settings.get("editor") === "on" ? "off" : "on"));
  $("reset").addEventListener("click", () => {
    for (const name of [...Object.keys(SHOWN), "map", "tgc", "x", "z"]) settings.reset(name);
  });
  for (const mode of COMPARE) $(`compare-${mode}`).addEventListener("click", () => settings.set("compare", mode));
  bindTabs(settings);
  const show = () => showControls(settings);
  settings.addEventListener("change", show);
  show();
}

function bindSlider(settings, name, set = (value) => settings.set(name, value)) {
  const slider = $(name), reset = () => (name === "zoom" ? settings.reset("zoom", "x", "z") : settings.reset(name));
  slider.addEventListener("input", () => set(Number(slider.value)));
  slider.closest("label").addEventListener("dblclick", reset);
  slider.addEventListener("keydown", (event) => {
    if (event.key !== "Delete") return;
    event.preventDefault();
    reset();
  });
}

function showControls(settings) {
  for (const [name, tell] of Object.entries(SHOWN)) {
    const value = settings.get(name), slider = $(name);
    if (Number(slider.value) !== value) slider.value = value;
    slider.setAttribute("aria-valuetext", tell(value));
    say($(`${name}-value`), tell(value));
    slider.closest("label").classList.toggle("changed", name in settings.chosen && name !== "cine");
  }
  $("map").value = settings.get("map");
  press($("editor"), settings.get("editor") === "on");
}

// A stream that enhances nothing has nothing to compare.
export function showCompare(compare, enhances) {
  for (const mode of COMPARE) {
    press($(`compare-${mode}`), compare === mode);
    $(`compare-${mode}`).disabled = !enhances && mode !== "plain";
  }
}

// Tabs by the book: arrows move between them, one is in the order of focus.
function bindTabs(settings) {
  const tabs = [...document.querySelectorAll("[role=tab]")], panels = [...document.querySelectorAll("[role=tabpanel]")];
  const nameOf = (tab) => tab.id.slice("tab-".length);
  const show = () => {
    const chosen = settings.get("panel");
    document.body.classList.toggle("bare", chosen === "none");
    tabs.forEach((tab, i) => {
      const on = nameOf(tab) === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on || (chosen === "none" && i === 0) ? 0 : -1;
      panels[i].hidden = !on;
    });
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => settings.set("panel", nameOf(tab)));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = tabs[(i + by + tabs.length) % tabs.length];
      settings.set("panel", nameOf(next));
      next.focus();
    });
  });
  settings.addEventListener("change", ({ detail }) => detail === "panel" && show());
  show();
}
