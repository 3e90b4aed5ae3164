// Charts: a histogram, and points in the plane.

import { element, svgElement } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import { figureOn, filledIn, LETTER, valuesOf, watchWidth } from "./figures.js";

const POINTS_EDGE = 22;

// -- a histogram

export function drawHistogram(host, histogram) {
  const figure = figureOn(host, "histogram", makeHistogram);
  figure.show(histogram);
  return figure.stop;
}

function makeHistogram() {
  const root = element("div", "kfunc-lab-drawn-histogram");
  const axis = element("div", "axis");
  const svg = svgElement("svg", { role: "img", preserveAspectRatio: "none" });
  root.append(svg, axis);

  function binBars({ low, width, counts, words }, most) {
    return counts.map((count, at) => {
      const bin = svgElement("g");
      const says = filledIn(words.bin ?? "{low} … {high}: {count}", {
        low: significant(low + at * width, 3),
        high: significant(low + (at + 1) * width, 3),
        count: count.toLocaleString("en"),
      });
      // A bin with a single number is seen too; where there is none, the title is still found.
      const height = count ? Math.max((96 * count) / most, 1.5) : 0;
      const sides = { x: at + 0.04, width: 0.92 };
      bin.append(
        svgElement("title", {}, says),
        svgElement("rect", { class: "reach", x: at, width: 1, height: 100 }),
        svgElement("rect", { class: "bin", ...sides, y: 100 - height, height }),
      );
      return bin;
    });
  }

  function ticksOf({ low, width, counts }) {
    const high = low + width * counts.length;
    if (!(high > low)) return [[0.5, low]];
    const zero = -low / (high - low);
    return [[0, low], ...(zero > 0 && zero < 1 ? [[zero, 0]] : []), [1, high]];
  }

  // Zero is named where its name does not meet those of the ends.
  function showAxis(ticks) {
    const room = root.clientWidth || 240;
    axis.replaceChildren(
      ...ticks.map(([share, value], at) => {
        const text = significant(value, 3);
        const tick = element("span", "tick", text);
        const isEnd = ticks.length === 1 || at === 0 || at === ticks.length - 1;
        const nearest = share < 0.5 ? ticks[0] : ticks.at(-1);
        const taken = (significant(nearest[1], 3).length + 1) * LETTER + 8;
        if (!isEnd && Math.min(share, 1 - share) * room < taken) tick.classList.add("unnamed");
        tick.style.left = `${100 * share}%`;
        tick.classList.toggle("first", ticks.length > 1 && at === 0);
        tick.classList.toggle("last", ticks.length > 1 && at === ticks.length - 1);
        return tick;
      }),
    );
  }

  return {
    root,
    show({ low, width, counts, words = {} }) {
      const histogram = { low, width, counts: Array.from(counts), words };
      svg.setAttribute("viewBox", `0 0 ${Math.max(counts.length, 1)} 100`);
      svg.setAttribute("aria-label", words.label ?? "");
      svg.replaceChildren(...binBars(histogram, Math.max(...histogram.counts, 1)));
      showAxis(ticksOf(histogram));
    },
  };
}

// -- points in the plane

// Places a name beside each point where there is room; a name that finds none is left out, as its
// title says it too.
function placeNames(points, labels, width, height) {
  const taken = points.map(([x, y]) => [x - 4, y - 4, x + 4, y + 4]);
  const isFree = (box, own) =>
    box[0] >= 2 &&
    box[1] >= 2 &&
    box[2] <= width - 2 &&
    box[3] <= height - 2 &&
    taken.every(
      (it, at) =>
        at === own || box[2] < it[0] || box[0] > it[2] || box[3] < it[1] || box[1] > it[3],
    );
  const placed = [];
  points.forEach(([x, y], at) => {
    const text = shortened(String(labels?.[at] ?? ""));
    if (!text) return;
    const long = text.length * LETTER;
    const middle = x - long / 2;
    const corners = [
      [x + 6, y - 7],
      [x - 6 - long, y - 7],
      [middle, y - 20],
      [middle, y + 6],
    ];
    for (const [left, top] of corners) {
      const box = [left, top, left + long, top + 14];
      if (!isFree(box, at)) continue;
      taken.push(box);
      placed.push({ text, x: left + long / 2, y: top + 11 });
      break;
    }
  });
  return placed;
}

function shortened(text) {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}

// Where numbers lie between two edges; what is all equal lies in the middle.
function spreadOut(values, from, to) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const placeOf = (value) =>
    high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2;
  return { placeOf, low, high };
}

export function drawPoints(host, points) {
  const figure = figureOn(host, "points", makePoints);
  figure.show(points);
  return figure.stop;
}

function makePoints() {
  let points;
  const root = element("div", "kfunc-lab-drawn-points");
  const svg = svgElement("svg", { role: "img" });
  root.append(svg);
  const width = watchWidth(root, lay);

  function axesOf(x, y, wide, high) {
    const lines = [];
    const inside = ({ low, high: top }) => low < 0 && top > 0;
    if (inside(x)) lines.push(`M${x.placeOf(0).toFixed(1)} 1V${high - 1}`);
    if (inside(y)) lines.push(`M1 ${y.placeOf(0).toFixed(1)}H${wide - 1}`);
    const size = { width: wide - 1, height: high - 1 };
    return [
      svgElement("rect", { class: "frame", x: 0.5, y: 0.5, ...size, rx: 4 }),
      svgElement("path", { class: "zero", d: lines.join("") }),
    ];
  }

  function dots(places) {
    return places.map(([x, y], at) => {
      const dot = svgElement("circle", {
        class: "dot",
        cx: x.toFixed(1),
        cy: y.toFixed(1),
        r: places.length > 300 ? 2.5 : 4,
      });
      const colour = points.colours?.[at];
      if (colour) {
        dot.style.fill = colour;
        dot.classList.add("coloured");
      }
      const says = filledIn(points.words.point ?? "{label}", {
        label: String(points.labels?.[at] ?? at),
        x: significant(points.x[at], 3),
        y: significant(points.y[at], 3),
      });
      dot.append(svgElement("title", {}, says));
      return dot;
    });
  }

  function lay() {
    const room = root.clientWidth;
    if (!room) return;
    width.took(room);
    const wide = Math.min(room, 520);
    const high = Math.round(Math.min(wide * 0.7, 340));
    const [left, below] = [18, 18]; // for the names of the axes
    const x = spreadOut(points.x, left + POINTS_EDGE, wide - POINTS_EDGE);
    const y = spreadOut(points.y, high - below - POINTS_EDGE, POINTS_EDGE);
    const places = points.x.map((value, at) => [x.placeOf(value), y.placeOf(points.y[at])]);
    const seen = places.filter((place) => place.every(Number.isFinite));
    const hasNames = seen.length === places.length && places.length <= 40;
    const names = hasNames ? placeNames(places, points.labels, wide, high - below) : [];
    svg.setAttribute("width", wide);
    svg.setAttribute("height", high);
    svg.setAttribute("aria-label", points.words.label ?? "");
    const inner = svgElement("g", { transform: `translate(${left} 0)` });
    inner.append(
      ...axesOf(
        { ...x, placeOf: (value) => x.placeOf(value) - left },
        y,
        wide - left,
        high - below,
      ),
    );
    svg.replaceChildren(
      inner,
      ...dots(places),
      ...names.map(({ text, x: at, y: down }) =>
        svgElement("text", { class: "name", x: at.toFixed(1), y: down.toFixed(1) }, text),
      ),
      svgElement("text", { class: "axis", x: (left + wide) / 2, y: high - 4 }, points.words.x),
      svgElement(
        "text",
        {
          class: "axis",
          transform: `translate(12 ${(high - below) / 2}) rotate(-90)`,
        },
        points.words.y,
      ),
    );
  }

  return {
    root,
    goOn: width.goOn,
    stop: width.stop,
    show(next) {
      points = { ...next, x: valuesOf(next.x), y: valuesOf(next.y), words: next.words ?? {} };
      lay();
    },
  };
}
