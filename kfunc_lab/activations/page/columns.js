// Many values as thin columns.

import { svgElement } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import { clamp } from "../../ui/page/scales.js";
import {
  columnsPath,
  GUTTER,
  HEIGHT,
  layColumns,
  markedPath,
  oddPath,
  rangeOf,
  stepInColumns,
} from "./bar_layout.js";
import { drawOn, FOCUS_EDGE, setText, valuesOf, watchWidth } from "./figure.js";
import { makeReader } from "./reader.js";
import { percentWords, readout } from "./readouts.js";

/** @import { Columns } from "./bar_layout.js" */
/** @import { Options, Shown } from "./bars.js" */
/** @import { Figure } from "./figure.js" */
/** @import { Bars } from "./state.js" */

/**
 * @param {HTMLElement} host
 * @param {Bars} bars
 * @param {Options} options
 */
export function drawColumns(host, bars, options) {
  return drawOn(host, makeColumns, { bars, options });
}

/** @returns {Figure<Shown>} */
function makeColumns() {
  /** @type {Shown} */
  let shown;
  let columns = layColumns([], [0, 1], 1);
  /** @type {number[]} */
  let values = [];
  /** @type {[number, number]} */
  let range = [0, 1];
  /**
   * @param {number} value
   * @param {number} digits
   */
  const write = (value, digits) => {
    const { bars, options } = shown;
    if (bars.percent) return percentWords(value, options.words.percent);
    return significant(value, digits);
  };
  const reader = makeReader({
    cellAt(x) {
      const at = Math.floor((x - GUTTER) / columns.step);
      return at >= 0 && at < values.length ? at : null;
    },
    boxOf: (cell) => ({
      x: GUTTER + cell * columns.step,
      y: 0,
      width: Math.max(columns.step, 1),
      height: HEIGHT,
    }),
    step: (cell, key) => stepInColumns(cell, key, values.length),
    textOf: (cell) =>
      readout("{label} · {value}", {
        label: shown.bars.labels[cell],
        value: write(values[cell], 4),
      }),
    first: () => clamp(shown.options.picked ?? shown.bars.marked, 0, values.length - 1),
    pick: (cell) => shown.options.onPick?.(cell),
  });
  reader.stage.classList.add("kfunc-lab-drawn-columns");
  const drawing = makeDrawing();
  reader.stage.prepend(drawing.root);
  const width = watchWidth(reader.root, lay);

  function lay() {
    const whole = reader.root.clientWidth - 2 * FOCUS_EDGE;
    if (whole <= 0) return;
    width.took(whole + 2 * FOCUS_EDGE);
    columns = layColumns(values, range, whole);
    reader.setStage(whole, HEIGHT);
    drawing.show(columns, whole, shown);
    drawing.showEnds(range.map((end) => write(end, 3)));
    reader.refresh(shown.options.label, values.length);
  }

  return {
    root: reader.root,
    goOn: width.goOn,
    stop: width.stop,
    show(next) {
      shown = next;
      values = valuesOf(next.bars.values);
      range = rangeOf(values, next.bars.percent);
      reader.showOdd(values.every(Number.isFinite) ? [] : ["NaN"]);
      reader.surface.classList.toggle("pickable", Boolean(next.options.onPick));
      lay();
    },
  };
}

function makeDrawing() {
  const root = svgElement("svg", { height: HEIGHT, "aria-hidden": "true" });
  const plot = svgElement("g", { transform: `translate(${GUTTER} 0)` });
  const picked = svgElement("rect", { class: "picked", height: HEIGHT });
  const [bars, odd, marked, zero] = ["bars", "odd", "marked", "zero"].map((name) =>
    svgElement("path", { class: name }),
  );
  const ends = [HEIGHT - 1, 12].map((y) =>
    svgElement("text", { class: "end", x: GUTTER - 6, y, "text-anchor": "end" }),
  );
  plot.append(picked, bars, odd, marked, zero);
  root.append(plot, ...ends);
  return {
    root,
    /**
     * @param {Columns} columns
     * @param {number} whole
     * @param {Shown} shown
     */
    show(columns, whole, shown) {
      const { step, room, heightOf } = columns;
      root.setAttribute("width", String(whole));
      bars.setAttribute("d", columnsPath(columns));
      zero.setAttribute("d", `M0 ${heightOf(0)}H${room}`);
      marked.setAttribute("d", markedPath(columns, shown.bars.marked));
      odd.setAttribute("d", oddPath(columns));
      odd.setAttribute("stroke-width", String(Math.max(step - 1, 1)));
      const at = shown.options.picked ?? -1;
      picked.setAttribute("visibility", at >= 0 ? "visible" : "hidden");
      picked.setAttribute("x", String(at * step - 2));
      picked.setAttribute("width", String(step + 3));
    },
    /** @param {string[]} words  at the lower and at the upper end */
    showEnds(words) {
      for (const [at, end] of ends.entries()) setText(end, words[at]);
    },
  };
}
