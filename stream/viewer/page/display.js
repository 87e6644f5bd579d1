// The canvas that images are drawn on: by WebGL2 where there is a graphics card, else by a 2-D context.

import { CanvasDisplay } from "./canvas2d.js";
import { WebglDisplay } from "./webgl.js";

// Chromium draws WebGL on the processor where it must, and says so by name alone.
const BY_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i;

// Calls `redraw` when a lost context has come back. `wanted` is "webgl2", whatever draws it, "2d", or nothing.
export function openDisplay(canvas, redraw, wanted) {
  if (wanted !== "webgl2" && (wanted === "2d" || !hasGraphicsCard())) return new CanvasDisplay(canvas);
  let display;
  try {
    display = new WebglDisplay(canvas);
  } catch (error) {
    console.info(`drawing on a 2-D canvas: ${error.message}`);
    return new CanvasDisplay(canvas);
  }
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    display.build();
    redraw();
  });
  return display;
}

// Asked of a canvas that is thrown away: one that has drawn with WebGL never draws in another way.
function hasGraphicsCard() {
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!gl) return false;
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !BY_PROCESSOR.test(name);
}
