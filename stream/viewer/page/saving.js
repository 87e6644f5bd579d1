// What leaves the page: a screenshot with its parameters, the cine loop as a film, the trace.

import { $, addressOf, save } from "./dom.js";
import { clipBody } from "./messages.js";
import { withText } from "./png.js";

// Everything that the picture depends on.
export function parametersOf({ known, cine, settings, measuring }) {
  const frame = cine.shown;
  return {
    program: "Sonolucent", version: known.hello?.version ?? "", saved_utc: new Date().toISOString(),
    note: "Research use only",
    stream: frame?.stream ?? known.stream, frame: frame?.header ?? null,
    display: settings.all(),
    measurements: frame ? measuring.figures(frame) : [],
  };
}

export async function screenshot(page) {
  const { image, overlay, stage } = page.surfaces;
  page.redraw();
  const picture = document.createElement("canvas");
  picture.width = image.width;
  picture.height = image.height;
  const context = picture.getContext("2d");
  context.drawImage(image, 0, 0);
  context.drawImage(overlay, 0, 0);
  context.scale(devicePixelRatio, devicePixelRatio);
  context.font = getComputedStyle(stage).font;
  context.fillStyle = "#93a1b0";
  context.textAlign = "right";
  context.fillText("Sonolucent: research use only", stage.clientWidth - 10, stage.clientHeight - 8);
  const blob = await new Promise((done) => picture.toBlob(done, "image/png"));
  const text = JSON.stringify(parametersOf(page));
  return withText(new Uint8Array(await blob.arrayBuffer()), "sonolucent", text);
}

export async function saveScreenshot(page) {
  const id = page.cine.shown?.header.frame_id ?? 0;
  save(new Blob([await screenshot(page)], { type: "image/png" }), `sonolucent-frame-${id}.png`);
}

// The frames of the cine loop, or of the marked range of it, as they came; the server makes a file of them.
export async function saveClip(page, format) {
  const chosen = page.cine.chosen(), frames = chosen.filter((frame) => sameGrid(frame.stream, page.cine.shown.stream));
  if (!frames.length) return page.warn("Clip: no frames have come yet");
  const left = chosen.length - frames.length;
  page.warn(left ? `Clip: ${left} frames of another size than the one shown are left out` : "");
  $("clip").disabled = true;
  try {
    const answer = await fetch(addressOf("clip", { format }), { method: "POST", body: clipBody(frames) });
    if (!answer.ok) return page.warn(`Clip: ${(await answer.text()) || answer.statusText}`);
    return save(await answer.blob(), nameOf(answer) ?? `sonolucent-clip.${format}`);
  } catch (error) {
    // fetch says no more than this when nobody answers.
    if (error instanceof TypeError) return page.warn("Clip: the viewer's server does not answer");
    throw error;
  } finally {
    $("clip").disabled = false;
  }
}

const sameGrid = (a, b) => a.n_z === b.n_z && a.n_x === b.n_x;

export async function saveTrace(page) {
  try {
    const answer = await fetch(addressOf("trace"));
    if (!answer.ok) return page.warn(`Trace: ${(await answer.text()) || answer.statusText}`);
    return save(await answer.blob(), nameOf(answer) ?? "sonolucent-trace.json");
  } catch (error) {
    if (error instanceof TypeError) return page.warn("Trace: the viewer's server does not answer");
    throw error;
  }
}

const nameOf = (answer) => /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
