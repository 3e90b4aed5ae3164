// Bars with their names and numbers; of many values, thin columns.

import { element, svgElement } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import {
  FOCUS_EDGE,
  figureOn,
  filledIn,
  makeReader,
  percentWords,
  setStyle,
  setText,
  valuesOf,
  watchWidth,
} from "./figures.js";

const MOST_BARS = 24;
const COLUMNS_HEIGHT = 120;
const COLUMNS_GUTTER = 52;

// The range that bars are drawn in; zero is always in it.
function rangeOf(values, low, high) {
  const finite = values.filter(Number.isFinite);
  const ends = [
    Math.min(0, low ?? Math.min(...finite, 0)),
    Math.max(0, high ?? Math.max(...finite, 0)),
  ];
  return ends[0] === ends[1] ? [0, 1] : ends;
}

export function drawBars(host, bars) {
  if (bars.labels.length > MOST_BARS) return drawColumns(host, bars);
  const figure = figureOn(host, "bars", makeBars);
  figure.show(bars);
  return figure.stop;
}

function makeBars() {
  const root = element("div", "kfunc-lab-drawn-bars");
  let built = "";
  let rows = [];
  let onPick;

  function makeRow(label, place) {
    const row = element(onPick ? "button" : "div", "kfunc-lab-drawn-bar");
    if (onPick) row.type = "button";
    else row.setAttribute("role", "listitem");
    row.addEventListener("click", () => onPick?.(place));
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

  function build(labels) {
    root.setAttribute("role", onPick ? "group" : "list");
    rows = labels.map((label, place) => makeRow(String(label), place));
    root.replaceChildren(...rows.map(({ row }) => row));
  }

  function showRow({ row, bar, number }, value, [low, high], isMarked, isPicked, words) {
    const share = (it) => (100 * (it - low)) / (high - low);
    const clipped = Number.isNaN(value) ? 0 : Math.min(Math.max(value, low), high);
    const [left, right] = [share(Math.min(clipped, 0)), share(Math.max(clipped, 0))];
    // A bar is moved and stretched, which lays nothing out anew.
    const length = ((right - left) / 100).toFixed(4);
    setStyle(bar, { transform: `translateX(${left.toFixed(2)}%) scaleX(${length})` });
    setText(number, words.percent ? percentWords(value, words) : significant(value, 3, true));
    row.classList.toggle("negative", value < 0);
    row.classList.toggle("marked", isMarked);
    row.classList.toggle("odd", !Number.isFinite(value));
    if (isMarked) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    if (onPick) row.setAttribute("aria-pressed", String(isPicked));
  }

  return {
    root,
    show(bars) {
      const { labels, marked, low, high, picked, words = {} } = bars;
      onPick = bars.onPick;
      const key = JSON.stringify([labels, Boolean(onPick)]);
      if (key !== built) build(labels);
      built = key;
      root.setAttribute("aria-label", words.label ?? "");
      root.style.setProperty("--number", words.percent ? "9ch" : "11ch");
      const values = valuesOf(bars.values);
      const range = rangeOf(values, low, high);
      root.style.setProperty("--zero", `${(100 * -range[0]) / (range[1] - range[0])}%`);
      rows.forEach((row, at) =>
        showRow(row, values[at] ?? NaN, range, at === marked, at === picked, words),
      );
    },
  };
}

// The outline of thin bars. Of several in one pixel, the lowest and the highest are seen.
function columnsPath(values, room, heightOf) {
  const places = Math.min(values.length, Math.floor(room));
  const step = room / places;
  const gap = step >= 4 ? 1 : 0;
  const zero = heightOf(0);
  let path = "";
  for (let place = 0; place < places; place++) {
    const first = Math.floor((place * values.length) / places);
    const last = Math.max(first + 1, Math.floor(((place + 1) * values.length) / places));
    let [low, high] = [0, 0];
    for (let at = first; at < last; at++) {
      if (values[at] < low) low = values[at];
      if (values[at] > high) high = values[at];
    }
    const [left, right] = [place * step, (place + 1) * step - gap];
    for (const end of [low, high]) {
      if (end)
        path += `M${left.toFixed(2)} ${zero}V${heightOf(end)}H${right.toFixed(2)}V${zero}Z`;
    }
  }
  return path;
}

function drawColumns(host, columns) {
  const figure = figureOn(host, "columns", makeColumns);
  figure.show(columns);
  return figure.stop;
}

function makeColumns() {
  let columns;
  let values = [];
  let range = [0, 1];
  let room = 1;
  const step = () => room / Math.max(values.length, 1);
  const heightOf = (value) => {
    const share = Math.min(Math.max((value - range[0]) / (range[1] - range[0]), 0), 1);
    return Number((8 + (COLUMNS_HEIGHT - 9) * (1 - share)).toFixed(1));
  };
  const clamped = (at) => Math.min(Math.max(at, 0), values.length - 1);

  const reader = makeReader({
    cellAt(x) {
      const at = Math.floor((x - COLUMNS_GUTTER) / step());
      return at >= 0 && at < values.length ? at : null;
    },
    boxOf: (cell) => ({
      x: COLUMNS_GUTTER + cell * step(),
      y: 0,
      width: Math.max(step(), 1),
      height: COLUMNS_HEIGHT,
    }),
    step(cell, key) {
      const to = {
        ArrowLeft: cell - 1,
        ArrowRight: cell + 1,
        ArrowDown: cell - 1,
        ArrowUp: cell + 1,
        PageUp: cell + 10,
        PageDown: cell - 10,
        Home: 0,
        End: values.length - 1,
      };
      return key in to ? clamped(to[key]) : undefined;
    },
    textOf: (cell) => {
      const { words } = columns;
      return filledIn(words.bar_readout ?? "{label} · {value}", {
        label: columns.labels[cell] ?? String(cell),
        value: words.percent ? percentWords(values[cell], words) : significant(values[cell], 4),
      });
    },
    first: () => clamped(columns.picked ?? columns.marked ?? 0),
    pick: (cell) => columns.onPick?.(cell),
  });
  reader.stage.classList.add("kfunc-lab-drawn-columns");
  const svg = svgElement("svg", { height: COLUMNS_HEIGHT, "aria-hidden": "true" });
  const plot = svgElement("g", { transform: `translate(${COLUMNS_GUTTER} 0)` });
  const bars = svgElement("path", { class: "bars" });
  const odd = svgElement("path", { class: "odd" });
  const marked = svgElement("path", { class: "marked" });
  const picked = svgElement("rect", { class: "picked", height: COLUMNS_HEIGHT });
  const zero = svgElement("path", { class: "zero" });
  const ends = [svgElement("text", { class: "end" }), svgElement("text", { class: "end" })];
  plot.append(picked, bars, odd, marked, zero);
  svg.append(plot, ...ends);
  reader.stage.prepend(svg);
  const width = watchWidth(reader.root, lay);

  function showEnds() {
    const { words } = columns;
    ends.forEach((end, at) => {
      const value = words.percent ? percentWords(range[at], words) : significant(range[at], 3);
      setText(end, value);
      end.setAttribute("x", COLUMNS_GUTTER - 6);
      end.setAttribute("y", at ? 12 : COLUMNS_HEIGHT - 1);
      end.setAttribute("text-anchor", "end");
    });
  }

  // The one that is meant: in ink, under a sign.
  function markedPath(at) {
    if (!(at >= 0 && at < values.length)) return "";
    const thick = Math.max(step(), 2);
    const left = at * step();
    const middle = left + thick / 2;
    const bar = `M${left} ${heightOf(0)}V${heightOf(values[at] || 0)}h${thick}V${heightOf(0)}Z`;
    return `${bar}M${middle - 4} 0h8l-4 6Z`;
  }

  function lay() {
    const whole = reader.root.clientWidth - 2 * FOCUS_EDGE;
    if (whole <= 0) return;
    width.took(whole + 2 * FOCUS_EDGE);
    // A few columns need not be planks.
    room = Math.min(Math.max(whole - COLUMNS_GUTTER, 1), 24 * values.length);
    setStyle(reader.stage, { width: `${whole}px`, height: `${COLUMNS_HEIGHT}px` });
    svg.setAttribute("width", whole);
    bars.setAttribute("d", columnsPath(values, room, heightOf));
    zero.setAttribute("d", `M0 ${heightOf(0)}H${room}`);
    marked.setAttribute("d", markedPath(columns.marked));
    const oddPaths = values.map((value, at) =>
      Number.isFinite(value) ? "" : `M${(at + 0.5) * step()} 8V${COLUMNS_HEIGHT}`,
    );
    odd.setAttribute("d", oddPaths.join(""));
    odd.setAttribute("stroke-width", Math.max(step() - 1, 1));
    const isPicked = columns.picked >= 0 && columns.picked !== null;
    picked.setAttribute("visibility", isPicked ? "visible" : "hidden");
    picked.setAttribute("x", (columns.picked ?? 0) * step() - 2);
    picked.setAttribute("width", step() + 3);
    showEnds();
    reader.refresh(columns.words, values.length, "");
  }

  return {
    root: reader.root,
    goOn: width.goOn,
    stop: width.stop,
    show(next) {
      columns = { ...next, words: next.words ?? {} };
      values = valuesOf(next.values);
      range = rangeOf(values, next.low, next.high);
      reader.showOdd(values.some((it) => !Number.isFinite(it)) ? ["NaN"] : []);
      reader.surface.classList.toggle("pickable", Boolean(next.onPick));
      lay();
    },
  };
}
