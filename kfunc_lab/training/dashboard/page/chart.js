// A chart of lines that grow: one panel a quantity.

import { element, svgElement } from "../../../ui/page/dom.js";
import { significant } from "../../../ui/page/numbers.js";

const CHART = { width: 320, height: 190, left: 46, right: 10, top: 8, bottom: 22 };

// Round numbers across a range, about so many.
function ticksBetween(low, high, count) {
  const spread = high - low;
  if (!(spread > 0)) return [low];
  const raw = spread / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((it) => it * power >= raw);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    ticks.push(Math.abs(tick) < step * 1e-6 ? 0 : tick);
  }
  return ticks;
}

export function rangeOfLines(lines, axis) {
  let [low, high] = [Infinity, -Infinity];
  for (const line of lines) {
    for (const value of axis === "y" && line.band ? line.band.flat() : line[axis]) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  if (low === high)
    return axis === "x"
      ? [low - 1, high]
      : [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  return [low, high];
}

export function makeChart(title, words) {
  const root = element("figure", "kfunc-lab-chart");
  const caption = element("figcaption");
  const last = element("span");
  caption.append(element("strong", "", title), last);
  const svg = svgElement("svg", {
    viewBox: `0 0 ${CHART.width} ${CHART.height}`,
    role: "img",
    "aria-label": title,
  });
  const grid = svgElement("g", { class: "grid" });
  const drawn = svgElement("g");
  svg.append(grid, drawn);
  root.append(caption, svg);

  function show(lines, lastX) {
    const [left, right] = [CHART.left, CHART.width - CHART.right];
    const [top, bottom] = [CHART.top, CHART.height - CHART.bottom];
    const [, most] = rangeOfLines(lines, "x");
    // Of a long run first only so much as is well filled.
    const reached = Math.max(most, 1);
    const x = [0, lastX > reached ? Math.min(lastX, Math.max(1.5 * reached, 5)) : reached];
    const y = rangeOfLines(lines, "y");
    const atX = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (right - left);
    const atY = (value) => bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top);
    grid.replaceChildren();
    for (const tick of ticksBetween(...y, 4)) {
      grid.append(
        svgElement("line", { x1: left, x2: right, y1: atY(tick), y2: atY(tick) }),
        svgElement(
          "text",
          { x: left - 6, y: atY(tick) + 4, "text-anchor": "end" },
          significant(tick, 3),
        ),
      );
    }
    const whole = ticksBetween(...x, 6).filter((tick) => Number.isInteger(tick));
    for (const tick of whole) {
      grid.append(
        svgElement(
          "text",
          { x: atX(tick), y: bottom + 16, "text-anchor": "middle" },
          String(tick),
        ),
      );
    }
    drawn.replaceChildren(...lines.flatMap((line) => lineParts(line, atX, atY)));
    const said = lines
      .filter((line) => line.y && line.kind !== "batch" && line.y.length)
      .map((line) => `${words[line.kind]} ${significant(line.y.at(-1), 3)}`);
    last.textContent = said.join(" · ");
    svg.setAttribute("aria-label", [title, ...said].join(", "));
  }

  return { root, show };
}

// The area between two percentiles; one epoch alone is as wide as a mark.
function bandPart(x, low, high, atX, atY, wide) {
  const edge = (values) => x.map((at, place) => [atX(at), atY(values[place])]);
  const ring = [...edge(high), ...edge(low).reverse()];
  if (x.length === 1)
    ring.splice(
      0,
      2,
      ...[-4, 4].map((by) => [ring[0][0] + by, ring[0][1]]),
      ...[4, -4].map((by) => [ring[1][0] + by, ring[1][1]]),
    );
  const d = `M${ring.map(([left, top]) => `${left.toFixed(1)} ${top.toFixed(1)}`).join("L")}Z`;
  return svgElement("path", { class: wide ? "band wide" : "band", d });
}

// The distribution of numbers over epochs: percentiles 5, 25, 50, 75 and 95.
export function bandParts({ x, band }, atX, atY) {
  const good = x
    .map((_it, at) => at)
    .filter((at) => band.every((values) => Number.isFinite(values[at])));
  const [p5, p25, p50, p75, p95] = band.map((values) => good.map((at) => values[at]));
  const at = good.map((place) => x[place]);
  if (!at.length) return [];
  const middle = at.map((it, place) => `${atX(it).toFixed(1)} ${atY(p50[place]).toFixed(1)}`);
  return [
    bandPart(at, p5, p95, atX, atY, true),
    bandPart(at, p25, p75, atX, atY, false),
    svgElement("path", { class: "line middle", d: `M${middle.join("L")}`, fill: "none" }),
  ];
}

// A line goes only through what is finite; an epoch is a point too.
function lineParts(line, atX, atY) {
  return line.band ? bandParts(line, atX, atY) : pathParts(line, atX, atY);
}

function pathParts({ kind, x, y }, atX, atY) {
  let path = "";
  let isOn = false;
  const parts = [];
  y.forEach((value, at) => {
    if (!Number.isFinite(value)) {
      isOn = false;
      return;
    }
    const [left, top] = [atX(x[at]).toFixed(1), atY(value).toFixed(1)];
    path += `${isOn ? "L" : "M"}${left} ${top}`;
    isOn = true;
    if (kind !== "batch" && y.length <= 60) {
      const dot = svgElement("circle", { class: `dot ${kind}`, cx: left, cy: top, r: 2.5 });
      dot.append(svgElement("title", {}, significant(value, 3)));
      parts.push(dot);
    }
  });
  return [
    svgElement("path", { class: `line ${kind}`, d: path || "M0 0", fill: "none" }),
    ...parts,
  ];
}
