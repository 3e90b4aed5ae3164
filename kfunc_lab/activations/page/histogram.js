// A histogram.

import { element, svgElement } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import { drawOn, LETTER } from "./figure.js";
import { readout } from "./readouts.js";

/** @import { Figure } from "./figure.js" */
/** @import { Histogram, Words } from "./state.js" */

/**
 * @typedef {{ share: number, value: number }} Tick  and how far along the axis it stands
 */

/**
 * @param {HTMLElement} host
 * @param {Histogram} histogram
 * @param {Words} words
 */
export function drawHistogram(host, histogram, words) {
  return drawOn(host, makeHistogram, { histogram, words });
}

/**
 * Returns the ends of the axis, and zero where it lies between them.
 *
 * @param {Histogram} histogram
 * @returns {Tick[]}
 */
export function ticksOf({ low, width, counts }) {
  const high = low + width * counts.length;
  if (!(high > low)) return [{ share: 0.5, value: low }];
  const zero = -low / (high - low);
  return [
    { share: 0, value: low },
    ...(zero > 0 && zero < 1 ? [{ share: zero, value: 0 }] : []),
    { share: 1, value: high },
  ];
}

/** @returns {Figure<{ histogram: Histogram, words: Words }>} */
function makeHistogram() {
  const root = element("div", "kfunc-lab-drawn-histogram");
  const axis = element("div", "axis");
  const svg = svgElement("svg", { role: "img", preserveAspectRatio: "none" });
  root.append(svg, axis);
  return {
    root,
    show({ histogram, words }) {
      svg.setAttribute("viewBox", `0 0 ${Math.max(histogram.counts.length, 1)} 100`);
      svg.setAttribute("aria-label", words.distribution);
      svg.replaceChildren(...binsOf(histogram, words));
      axis.replaceChildren(...axisOf(ticksOf(histogram), root.clientWidth || 240));
    },
  };
}

/**
 * @param {Histogram} histogram
 * @param {Words} words
 */
function binsOf({ low, width, counts }, words) {
  const most = Math.max(...counts, 1);
  return counts.map((count, at) => {
    const bin = svgElement("g");
    const said = readout(words.bin, {
      low: significant(low + at * width, 3),
      high: significant(low + (at + 1) * width, 3),
      count: count.toLocaleString("en"),
    });
    // A bin with a single number is seen too; where there is none, the title is still found.
    const height = count ? Math.max((96 * count) / most, 1.5) : 0;
    const bar = { x: at + 0.04, width: 0.92, y: 100 - height, height };
    bin.append(
      svgElement("title", {}, said),
      svgElement("rect", { class: "reach", x: at, width: 1, height: 100 }),
      svgElement("rect", { class: "bin", ...bar }),
    );
    return bin;
  });
}

/**
 * Names the ticks; zero where its name does not meet those of the ends.
 *
 * @param {Tick[]} ticks
 * @param {number} room
 */
function axisOf(ticks, room) {
  const last = ticks.length - 1;
  return ticks.map(({ share, value }, at) => {
    const tick = element("span", "tick", significant(value, 3));
    const nearest = ticks[share < 0.5 ? 0 : last];
    const taken = (significant(nearest.value, 3).length + 1) * LETTER + 8;
    const isInside = at > 0 && at < last;
    const isTight = isInside && Math.min(share, 1 - share) * room < taken;
    tick.style.left = `${100 * share}%`;
    tick.classList.toggle("unnamed", isTight);
    tick.classList.toggle("first", last > 0 && at === 0);
    tick.classList.toggle("last", last > 0 && at === last);
    return tick;
  });
}
