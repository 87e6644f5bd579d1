// The figures of the run: latency by stage against the budgets, its last minute as curves, drops by edge.

import { $, element, say } from "./dom.js";
import { drawCurves } from "./curves.js";

const MINUTE_S = 60, EVERY_MS = 250;

export class Latency {
  past = [];  // { at, p50, p99, fps }, the last minute
  rows = new Map();

  constructor() {
    this.shownAt = -Infinity;
  }

  // Called for every frame; figures change a few times a second, so that they can be read.
  take(frame, now) {
    const { end_to_end: whole, fps } = frame.header, last = this.past.at(-1);
    if (!last || now - last.at >= EVERY_MS) {
      this.past.push({ at: now, p50: whole?.p50_ms ?? NaN, p99: whole?.p99_ms ?? NaN, fps });
      while (now - this.past[0].at > MINUTE_S * 1000) this.past.shift();
    }
    if (now - this.shownAt < EVERY_MS) return;
    this.shownAt = now;
    this.show(frame);
  }

  show({ header, stream }) {
    const whole = header.end_to_end;
    say($("fps"), header.fps.toFixed(1));
    say($("latency"), whole ? whole.p50_ms.toFixed(0) : "–");
    $("latency").classList.toggle("over", Boolean(whole?.over_budget));
    const losses = lossesOf(header.dropped);
    say($("dropped"), String(losses.reduce((sum, { n }) => sum + n, 0)));
    say($("frame-id"), String(header.frame_id));
    say($("acquired"), String(header.acquired));
    say($("losses"), losses.map(({ edge, why, n }) => `${n} at ${edge}: ${why}`).join("\n"));
    const stages = Object.entries(header.stages);
    if (whole) stages.push(["end to end", whole]);
    this.showStages(stages, stream);
  }

  showStages(stages, stream) {
    const key = stages.map(([name]) => name).join();
    if (key !== this.key) {
      this.key = key;
      this.rows = new Map(stages.map(([name]) => [name, stageRow(name)]));
      $("stages").replaceChildren(...[...this.rows.values()].map(({ node }) => node));
    }
    for (const [name, latency] of stages) fillRow(this.rows.get(name), latency, stream);
    const broken = stages.map(([name, latency]) => [name, brokenBudgets(latency)]).filter(([, words]) => words);
    say($("broken"), broken.map(([name, words]) => `${name}: ${words}`).join("\n"));
  }

  // Drawn only where it is seen.
  draw(canvas, now, budget_ms) {
    if (canvas.offsetParent === null || !this.past.length) return;
    const x = this.past.map(({ at }) => (at - now) / 1000), p50 = this.past.map((one) => one.p50),
      p99 = this.past.map((one) => one.p99);
    const top = Math.max(10, ...[...p99, budget_ms ?? 0].filter(Number.isFinite)) * 1.15;
    const curves = [{ x, y: p99, colour: "#e6b450", label: "p99" }, { x, y: p50, colour: "#5ec4b6",
      label: "end to end p50" }];
    if (budget_ms) curves.unshift({ x: [-MINUTE_S, 0], y: [budget_ms, budget_ms], colour: "#7f8b98", label: "budget",
      dashed: true });
    drawCurves(canvas, { x: [-MINUTE_S, 0], y: [0, top], unit: "ms", xUnit: "s", curves });
  }
}

export function lossesOf(dropped) {
  return Object.entries(dropped ?? {}).flatMap(([edge, reasons]) =>
    Object.entries(reasons).map(([why, n]) =>
      ({ edge: edge.replace(">", " → "), why: why.replaceAll("_", " "), n })));
}

// Which percentile broke its budget, in words; empty where none did. A budget may name its p50 beside its p99.
export function brokenBudgets({ p50_ms, p99_ms, budget_ms, p50_budget_ms, over_budget }) {
  if (!over_budget) return "";
  const over99 = budget_ms && p99_ms > budget_ms, over50 = p50_budget_ms && p50_ms > p50_budget_ms;
  const words = [];
  if (over50) words.push(`p50 ${p50_ms.toFixed(1)} over ${p50_budget_ms.toFixed(1)} ms`);
  if (over99) words.push(`p99 ${p99_ms.toFixed(1)} over ${budget_ms.toFixed(1)} ms`);
  // Two percentiles have budgets: where the one that is told holds, the other broke.
  return words.length ? words.join(", ") : `p50 ${p50_ms.toFixed(1)} ms is over its budget`;
}

function stageRow(name) {
  const bar = element("i"), figures = ["p50", "p99", "budget"].map(() => element("td"));
  const label = element("th", { scope: "row", text: name }, element("span", { class: "bar", "aria-hidden": "true" },
    bar));
  return { node: element("tr", {}, label, ...figures), bar, figures };
}

function fillRow({ node, bar, figures }, latency, stream) {
  const { p50_ms, p99_ms, budget_ms } = latency, broken = brokenBudgets(latency);
  say(figures[0], p50_ms.toFixed(1));
  say(figures[1], p99_ms.toFixed(1));
  say(figures[2], budget_ms ? budget_ms.toFixed(0) : "–");
  figures[0].classList.toggle("over", broken.startsWith("p50"));
  figures[1].classList.toggle("over", broken.includes("p99"));
  node.classList.toggle("broken", Boolean(broken));
  bar.style.width = `${Math.min(100, (100 * p99_ms) / (budget_ms || stream.frame_budget_ms || 40))}%`;
}
