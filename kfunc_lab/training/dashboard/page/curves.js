// The curves of a run: a chart for each quantity, and their legend.

import { makeChart } from "../../../ui/page/chart.js";
import { element } from "../../../ui/page/dom.js";
import { byQuantity, takePoints } from "./lines.js";

/** @import { Kind } from "../../../ui/page/chart.js" */
/** @import { Lines } from "./lines.js" */
/** @import { LinePart, Words } from "./state.js" */

/** @type {Kind[]} */
const KINDS = ["training", "validation", "batch"];

/** @param {Words} words */
export function makeCurves(words) {
  const charts = element("div", "kfunc-lab-charts");
  const legend = element("div", "kfunc-lab-run-legend");
  const entries = KINDS.map((kind) => element("span", `key ${kind}`, words[kind]));
  legend.append(...entries);
  legend.hidden = true;
  /** @type {Lines} */
  const lines = new Map();
  /** @type {Map<string, ReturnType<typeof makeChart>>} */
  const panels = new Map();

  /** @param {string} quantity */
  function panelOf(quantity) {
    const panel = panels.get(quantity) ?? makeChart(quantity, words);
    if (!panels.has(quantity)) charts.append(panel.root);
    panels.set(quantity, panel);
    return panel;
  }

  return {
    parts: [charts, legend],
    isEmpty: () => !lines.size,
    forget: () => lines.clear(),
    /** @type {(part: LinePart, points: BufferSource) => void} */
    take: (part, points) => takePoints(lines, part, points),
    /** @param {number} epochs  of the whole run; 0 where that is not known */
    show(epochs) {
      const quantities = byQuantity(lines);
      for (const [quantity, of] of quantities) panelOf(quantity).show(of, epochs);
      const kinds = new Set(quantities.flatMap(([, of]) => of.map((line) => line.kind)));
      legend.hidden = !kinds.size;
      for (const [at, kind] of KINDS.entries()) entries[at].hidden = !kinds.has(kind);
    },
  };
}
