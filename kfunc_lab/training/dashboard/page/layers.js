// The layers of a model that trains: a table of measures, and how their numbers are spread.

import { textButton } from "../../../ui/page/controls.js";
import { element, svgElement } from "../../../ui/page/dom.js";
import { numbersOf } from "../../../ui/page/numbers.js";
import { bandParts, makeChart, rangeOfLines } from "./chart.js";

const PERCENTILE_COUNT = 5;
const FAN = { width: 96, height: 26 };

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

  let rows = [];
  let selected = null;
  const spreads = new Map(); // by layer: for each epoch { epoch, weights, results }, both as percentiles

  function forget() {
    spreads.clear();
  }

  function take({ rows: now, epochs }, buffer) {
    rows = now;
    const names = rows.slice(1).map(([name]) => name);
    const numbers = numbersOf(buffer);
    epochs.forEach((epoch, at) => {
      names.forEach((name, place) => {
        const first = (at * names.length + place) * 2 * PERCENTILE_COUNT;
        const five = (part) =>
          numbers.subarray(
            first + part * PERCENTILE_COUNT,
            first + (part + 1) * PERCENTILE_COUNT,
          );
        if (!spreads.has(name)) spreads.set(name, []);
        const known = spreads.get(name).filter((it) => it.epoch !== epoch);
        known.push({ epoch, weights: five(0), results: five(1) });
        spreads.set(
          name,
          known.sort((a, b) => a.epoch - b.epoch),
        );
      });
    });
    show();
  }

  // What a chart draws of one layer's weights or results; null where there are none.
  function bandOf(name, part) {
    const points = (spreads.get(name) ?? []).filter((it) => Number.isFinite(it[part][0]));
    if (!points.length) return null;
    const band = [...Array(PERCENTILE_COUNT).keys()].map((row) =>
      points.map((it) => it[part][row]),
    );
    return { x: points.map((it) => it.epoch), band };
  }

  function fan(line) {
    if (!line) return "";
    const svg = svgElement("svg", {
      class: "fan",
      viewBox: `0 0 ${FAN.width} ${FAN.height}`,
      "aria-hidden": "true",
    });
    const [low, high] = rangeOfLines([line], "y");
    const [first, last] = [line.x[0], line.x.at(-1)];
    const atX = (value) =>
      last > first ? ((value - first) / (last - first)) * (FAN.width - 4) + 2 : FAN.width / 2;
    const atY = (value) => FAN.height - 2 - ((value - low) / (high - low)) * (FAN.height - 4);
    svg.append(...bandParts(line, atX, atY));
    return svg;
  }

  function show() {
    root.hidden = rows.length < 2;
    if (root.hidden) return;
    const hadFocus =
      frame.contains(document.activeElement) && document.activeElement.dataset.layer;
    const [columns, ...lines] = rows;
    const parts = ["weights", "results"].filter((part) =>
      lines.some(([name]) => bandOf(name, part)),
    );
    const table = element("table");
    const top = element("tr");
    for (const word of [...columns, ...parts.map((part) => words[part])])
      top.append(element("th", "", word));
    const head = element("thead");
    head.append(top);
    const body = element("tbody");
    for (const [name, ...cells] of lines) {
      const line = element("tr", name === selected ? "selected" : "");
      const title = element("th");
      const choose = textButton(
        name,
        () => select(name === selected ? null : name),
        words.choose_layer.replace("{layer}", name),
      );
      choose.dataset.layer = name;
      choose.setAttribute("aria-pressed", String(name === selected));
      title.append(choose);
      line.append(
        title,
        ...cells.map((cell) => element("td", /NaN|∞/.test(cell) ? "odd" : "", cell)),
      );
      for (const part of parts) {
        const cell = element("td", "fan-cell");
        cell.append(fan(bandOf(name, part)));
        line.append(cell);
      }
      line.addEventListener(
        "click",
        (event) => event.target.closest("button") || choose.click(),
      );
      body.append(line);
    }
    table.append(head, body);
    hint.hidden = !parts.length;
    frame.replaceChildren(table);
    if (hadFocus) frame.querySelector(`[data-layer="${CSS.escape(hadFocus)}"]`)?.focus();
    showWhole();
  }

  function select(name) {
    selected = name;
    show();
  }

  function showWhole() {
    const parts =
      selected === null
        ? []
        : ["weights", "results"].map((part) => [part, bandOf(selected, part)]);
    const drawn = parts.filter(([, line]) => line);
    hint.textContent = drawn.length ? words.spread : words.whole;
    whole.replaceChildren(
      ...drawn.map(([part, line]) => {
        const chart = makeChart(`${selected}: ${words[part]}`, words);
        chart.show([line], 0);
        return chart.root;
      }),
    );
  }

  return { root, take, forget };
}
