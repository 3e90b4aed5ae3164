// The layers of a model that trains: a table of measures, and how their numbers are spread.

import { bandParts, makeChart, valueRange } from "../../../ui/page/chart.js";
import { textButton } from "../../../ui/page/controls.js";
import { element, svgElement } from "../../../ui/page/dom.js";
import { linear } from "../../../ui/page/scales.js";
import { filled } from "../../../ui/page/words.js";
import { bandOf, takeSpreads } from "./spreads.js";

/** @import { Band } from "../../../ui/page/chart.js" */
/** @import { Part, Spreads } from "./spreads.js" */
/** @import { LayerTable, Words } from "./state.js" */

const FAN = { width: 96, height: 26 };

/** @type {Part[]} */
const PARTS = ["weights", "results"];

/** @param {Words} words */
export function makeLayers(words) {
  const root = element("div", "kfunc-lab-run-layers");
  root.hidden = true;
  const frame = element("div", "kfunc-lab-layers-frame");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", words.layers);
  const whole = element("div", "kfunc-lab-charts");
  const hint = element("p", "kfunc-lab-quiet", words.whole);
  root.append(element("p", "kfunc-lab-quiet", words.layers), frame, hint, whole);
  /** @type {LayerTable} */
  let table = { layers: [], columns: [], epochs: [] };
  /** @type {string | null} */
  let selected = null;
  /** @type {Spreads} */
  const spreads = new Map();
  /** @type {HTMLButtonElement[]}  of the layers */
  let buttons = [];

  /** @param {string} layer */
  function makeButton(layer) {
    const select = () => {
      selected = layer === selected ? null : layer;
      show();
    };
    const button = textButton(layer, select, filled(words.choose_layer, { layer }));
    button.setAttribute("aria-pressed", String(layer === selected));
    return button;
  }

  function show() {
    root.hidden = !table.layers.length;
    if (root.hidden) return;
    const focused = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const parts = PARTS.filter((part) =>
      table.layers.some((name) => bandOf(spreads, name, part)),
    );
    const head = element("tr");
    const labels = table.columns.map((column) => column.label);
    const heads = [words.layer, ...labels, ...parts.map((part) => words[part])];
    head.append(...heads.map((label) => element("th", "", label)));
    buttons = table.layers.map(makeButton);
    const rows = table.layers.map((name, at) => {
      const cells = table.columns.map((column) => column.cells[at]);
      const fans = parts.map((part) => makeFan(bandOf(spreads, name, part)));
      return makeRow(buttons[at], cells, fans);
    });
    const drawn = element("table");
    drawn.createTHead().append(head);
    drawn.createTBody().append(...rows);
    frame.replaceChildren(drawn);
    buttons[focused]?.focus();
    hint.hidden = !parts.length;
    showWhole();
  }

  function showWhole() {
    const name = selected;
    const drawn = name === null ? [] : PARTS.flatMap((part) => chartOf(name, part));
    hint.textContent = drawn.length ? words.spread : words.whole;
    whole.replaceChildren(...drawn);
  }

  /**
   * @param {string} layer
   * @param {Part} part
   */
  function chartOf(layer, part) {
    const band = bandOf(spreads, layer, part);
    if (!band) return [];
    const chart = makeChart(`${layer}: ${words[part]}`, words);
    chart.show([band], 0);
    return [chart.root];
  }

  return {
    root,
    forget: () => spreads.clear(),
    /**
     * @param {LayerTable} now
     * @param {BufferSource} data  the distributions
     */
    take(now, data) {
      table = now;
      takeSpreads(spreads, now, data);
      show();
    },
  };
}

/**
 * @param {HTMLButtonElement} button
 * @param {string[]} cells
 * @param {(SVGElement | string)[]} fans
 */
function makeRow(button, cells, fans) {
  const row = element("tr", button.ariaPressed === "true" ? "selected" : "");
  const head = element("th");
  head.append(button);
  row.append(
    head,
    ...cells.map((cell) => element("td", /NaN|∞/.test(cell) ? "odd" : "", cell)),
    ...fans.map((fan) => {
      const cell = element("td", "fan-cell");
      cell.append(fan);
      return cell;
    }),
  );
  row.addEventListener("click", (event) => event.target !== button && button.click());
  return row;
}

/**
 * A small picture of how numbers spread over the epochs.
 *
 * @param {Band | null} band
 */
function makeFan(band) {
  if (!band) return "";
  const { width, height } = FAN;
  const svg = svgElement("svg", {
    class: "kfunc-lab-fan",
    viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true",
  });
  const atX = linear([band.x[0], band.x[band.x.length - 1]], 2, width - 2);
  const atY = linear(valueRange([band]), height - 2, 2);
  svg.append(...bandParts(band, atX, atY));
  return svg;
}
