// What the page says in words and figures around the images.

import { $, say } from "./dom.js";
import { imageOf } from "./messages.js";
import { valueAt } from "./measures.js";
import { readout } from "./overlay.js";
import { notesOf, stateOf } from "./state.js";
import { percent } from "./strength.js";

export function showState({ known, cine }) {
  const state = stateOf(known, cine, performance.now()), frame = cine.shown, frozen = state.name === "frozen";
  document.body.dataset.state = state.name;
  say($("state"), state.text);
  $("stage").classList.toggle("dim", state.dim && Boolean(frame));
  $("banner").hidden = !state.dim && !state.detail;
  say($("banner-text"), frozen ? state.detail : state.text);
  say($("banner-detail"), frozen ? "live, behind the frozen image" : state.detail);
  say($("notes"), notesOf(frame, known.stream).join("\n"));
  $("notes").hidden = !$("notes").textContent;
  say($("source"), known.hello?.source ?? known.stream?.source ?? "");
  say($("sequence"), known.stream ? describe(known.stream) : "");
  say($("engine"), frame ? engineOf(frame) : "");
  say($("training"), known.server?.training ? `Training: ${known.server.training}` : "");
  $("image").setAttribute("aria-label", `Ultrasound image, ${state.text.toLowerCase()}`);
}

// Numbers that are read: a few times a second.
export function showFigures({ cine, results, latency, known, measuring }) {
  const frame = cine.shown, { hand } = measuring, values = [];
  results.show(frame);
  for (const id of ["tray", "minute"]) latency.draw($(id), performance.now(), known.stream?.end_to_end_budget_ms);
  for (const [layer, label] of [[0, "plain"], [1, "enhanced"]]) {
    const image = hand && frame && imageOf(frame, layer), db = image ? valueAt(image, hand) : null;
    if (db !== null) values.push([label, db]);
  }
  say($("readout"), hand && frame ? readout(hand, values) : "");
}

function describe({ n_tx, n_rx, center_frequency_mhz, sound_speed_m_s, sequence }) {
  const probe = `${n_tx} transmits × ${n_rx} receivers, ${center_frequency_mhz} MHz, ${sound_speed_m_s} m/s`;
  return sequence ? `${probe}, ${sequence}` : probe;
}

function engineOf({ header: { model, device, backend, strength = 1 } }) {
  const softened = strength < 1 ? ` at ${percent(strength)}` : "";
  return model ? `${model}${softened} on ${device}${backend ? ` (${backend})` : ""}` : "no enhancement";
}
