// Bars with their names and numbers.

import { element } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import { linear } from "../../ui/page/scales.js";
import { barShares, rangeOf } from "./bar_layout.js";
import { drawColumns } from "./columns.js";
import { drawOn, setStyle, setText, valuesOf } from "./figure.js";
import { percentWords } from "./readouts.js";

/** @import { Figure } from "./figure.js" */
/** @import { Bars, Words } from "./state.js" */

const MOST_BARS = 24; // of more values, thin columns are drawn

/**
 * @typedef {object} Options
 * @property {string} label
 * @property {Words} words
 * @property {number} [picked]  the place of a bar that stands out
 * @property {(place: number) => void} [onPick]
 *
 * @typedef {{ bars: Bars, options: Options }} Shown
 *
 * @typedef {Record<"row" | "bar" | "number", HTMLElement>} Row
 */

/**
 * @param {HTMLElement} host
 * @param {Bars} bars
 * @param {Options} options
 */
export function drawBars(host, bars, options) {
  if (bars.labels.length > MOST_BARS) return drawColumns(host, bars, options);
  return drawOn(host, makeBars, { bars, options });
}

/** @returns {Figure<Shown>} */
function makeBars() {
  const root = element("div", "kfunc-lab-drawn-bars");
  let built = "";
  /** @type {Row[]} */
  let rows = [];
  /** @type {Options["onPick"]} */
  let onPick;

  return {
    root,
    show({ bars, options }) {
      const { labels, marked, percent } = bars;
      const { words, picked } = options;
      onPick = options.onPick;
      const key = JSON.stringify([labels, Boolean(onPick)]);
      if (key !== built) {
        rows = labels.map((label, place) => makeRow(label, onPick && (() => onPick?.(place))));
        root.replaceChildren(...rows.map(({ row }) => row));
        root.setAttribute("role", onPick ? "group" : "list");
      }
      built = key;
      root.setAttribute("aria-label", options.label);
      const values = valuesOf(bars.values);
      const range = rangeOf(values, percent);
      setStyle(root, {
        "--number": percent ? "9ch" : "11ch",
        "--zero": `${100 * linear(range, 0, 1)(0)}%`,
      });
      rows.forEach((row, at) => {
        const value = values[at] ?? Number.NaN;
        const said = percent ? percentWords(value, words.percent) : significant(value, 3, true);
        showRow(row, value, range, said, at === marked);
        if (onPick) row.row.setAttribute("aria-pressed", String(at === picked));
      });
    },
  };
}

/**
 * @param {string} label
 * @param {() => void} [onClick]
 * @returns {Row}
 */
function makeRow(label, onClick) {
  const row = element(onClick ? "button" : "div", "kfunc-lab-drawn-bar");
  if (row instanceof HTMLButtonElement) row.type = "button";
  else row.setAttribute("role", "listitem");
  if (onClick) row.addEventListener("click", onClick);
  const sign = element("span", "sign", "▸");
  sign.setAttribute("aria-hidden", "true");
  const name = element("span", "name");
  name.title = label;
  // In bold too, unseen: the column is as wide as it will ever be.
  name.dataset.label = label;
  name.append(element("span", "", label));
  const track = element("span", "track");
  const bar = element("span", "bar");
  const number = element("span", "number");
  track.append(bar);
  row.append(sign, name, track, number);
  return { row, bar, number };
}

/**
 * @param {Row} parts
 * @param {number} value
 * @param {[number, number]} range
 * @param {string} said
 * @param {boolean} isMarked
 */
function showRow({ row, bar, number }, value, range, said, isMarked) {
  const { left, length } = barShares(value, range);
  // A bar is moved and stretched, which lays nothing out anew.
  const move = `translateX(${(100 * left).toFixed(2)}%) scaleX(${length.toFixed(4)})`;
  setStyle(bar, { transform: move });
  setText(number, said);
  row.classList.toggle("negative", value < 0);
  row.classList.toggle("marked", isMarked);
  row.classList.toggle("odd", !Number.isFinite(value));
  if (isMarked) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
}
