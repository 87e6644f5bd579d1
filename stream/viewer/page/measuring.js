// What the user measures: tools that collect points in mm, and the figures of each measurement in both images.

import { imageOf } from "./messages.js";
import { angleDeg, cnr, deviation, distanceMm, gcnr, mean, profile, valuesIn } from "./measures.js";

export const TOOLS = {
  distance: { points: 2, label: "Distance", key: "d" },
  angle: { points: 3, label: "Angle", key: "a" },
  ellipse: { points: 2, label: "Ellipse", key: "e" },
  rectangle: { points: 2, label: "Rectangle", key: "r" },
  profile: { points: 2, label: "Profile", key: "n" },
};
export const isRegion = ({ kind }) => kind === "ellipse" || kind === "rectangle";

export class Measuring extends EventTarget {
  list = [];
  tool = null;
  begun = [];
  hand = null;  // where the pointer, or the keyboard's crosshair, is

  choose(tool) {
    this.tool = this.tool === tool ? null : tool;
    this.begun = [];
    this.changed();
  }

  // The next point of the tool; the last one completes the measurement.
  place(point) {
    this.begun.push(point);
    if (this.begun.length === TOOLS[this.tool].points) {
      // A region of no size holds nothing; the second click of a double click is no corner.
      const sized = this.begun.every((at, i) => i === 0 || distanceMm([at, this.begun[i - 1]]) > 0);
      if (sized) this.add(this.tool, this.begun);
      this.begun = [];
    }
    this.changed();
  }

  add(kind, points) {
    if (kind === "profile") this.list = this.list.filter((other) => other.kind !== "profile");
    this.list.push({ kind, points, name: this.nextName(kind) });
    this.changed();
  }

  nextName(kind) {
    const names = this.list.map(({ name }) => name);
    const pool = isRegion({ kind }) ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "123456789";
    return [...pool].find((name) => !names.includes(name)) ?? "·";
  }

  move(point) {
    this.hand = point;
    if (this.tool) this.changed();
  }

  remove(measurement) {
    this.list = this.list.filter((other) => other !== measurement);
    this.changed();
  }

  removeLast() {
    if (this.begun.length) this.begun = [];
    else this.list.pop();
    this.changed();
  }

  clear() {
    this.list = [];
    this.begun = [];
    this.changed();
  }

  get profile() {
    return this.list.find(({ kind }) => kind === "profile");
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  // The figures of every measurement in the plain image and, where there is one, the enhanced: numbers, not text.
  figures(frame) {
    const images = [imageOf(frame, 0), imageOf(frame, 1)].filter(Boolean);
    const regions = this.list.filter(isRegion);
    const values = new Map(regions.map((region) =>
      [region, images.map((image) => valuesIn(image, region.kind, region.points))]));
    return this.list.map((measurement) => {
      const { kind, points, name } = measurement;
      const told = { kind, name, points };
      if (kind === "distance") return { ...told, mm: distanceMm(points) };
      if (kind === "angle") return { ...told, deg: angleDeg(points) };
      if (kind === "profile") return { ...told, mm: distanceMm(points), layers: images.map((image) => profile(image,
        points)) };
      const first = regions[0], own = values.get(measurement);
      const layers = own.map((inside, layer) => ({
        ...regionFigures(inside),
        ...(measurement === first ? {} : against(inside, values.get(first)[layer], images[layer].range_db)),
      }));
      return { ...told, against: measurement === first ? null : first.name, layers };
    });
  }
}

function regionFigures(values) {
  return values.length ? { pixels: values.length, mean: mean(values), sd: deviation(values) } : { pixels: 0 };
}

function against(inside, outside, range_db) {
  if (!inside.length || !outside.length) return {};
  return { cnr: cnr(inside, outside), gcnr: gcnr(inside, outside, range_db) };
}
