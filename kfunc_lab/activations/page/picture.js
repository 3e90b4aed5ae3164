// The values of a call as a picture: heat maps, bars, points, pixels or text.

import { makeScale } from "../../graph/view/page/details.js";
import { element } from "../../ui/page/dom.js";
import { significant } from "../../ui/page/numbers.js";
import { drawBars } from "./bars.js";
import { endsOf } from "./colours.js";
import { drawImage } from "./pixels.js";
import { drawPoints } from "./points.js";
import { drawTiles } from "./tiles.js";

/** @import { Context, Panel, Picture, Points, Tiles, Words } from "./state.js" */

/** @param {Context} context */
export function makePicture({ model, words, colours, live, set }) {
  const host = element("div", "kfunc-lab-shown");
  const scale = element("div", "kfunc-lab-scale-host");
  let known = "";
  let stop = () => {};
  /** @param {number} unit */
  const pick = (unit) => set("unit", unit === model.get("unit") ? -1 : unit);

  /**
   * @param {Panel} panel
   * @param {Tiles} tiles
   */
  function showTiles(panel, tiles) {
    const canPick = isStack(tiles);
    stop = drawTiles(host, tiles, {
      colours,
      words,
      label: labelOf(panel),
      picked: canPick ? model.get("unit") - tiles.first : -1,
      onPick: canPick && live ? (index) => pick(index + tiles.first) : undefined,
    });
    const [low, high] = scaleEnds(tiles, panel.shared, words);
    const bar = makeScale({ colours: colours[tiles.scale], low, high, quantity: "" });
    bar.classList.add("kfunc-lab-drawn-scale");
    scale.replaceChildren(bar);
  }

  /**
   * @param {Panel} panel
   * @param {Picture} shown
   */
  function draw(panel, shown) {
    const label = panel.path ?? "";
    if (shown.type === "tiles") showTiles(panel, shown);
    else if (shown.type === "bars") {
      stop = drawBars(host, shown, {
        label,
        words,
        picked: model.get("unit"),
        onPick: live ? (at) => pick(Number(shown.labels[at])) : undefined,
      });
    } else if (shown.type === "points") {
      stop = drawPoints(host, shown, { label, axes: axesOf(shown, words) });
    } else if (shown.type === "image") {
      const canvas = element("canvas", "kfunc-lab-big-image");
      drawImage(canvas, shown);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", label);
      host.replaceChildren(canvas);
    } else {
      const lines = shown.lines.map((line) => element("p", "kfunc-lab-number", line));
      host.replaceChildren(...lines);
    }
  }

  return {
    parts: [host, scale],
    stop: () => stop(),
    /**
     * @param {Panel} panel
     * @param {Picture} shown
     */
    show(panel, shown) {
      const count = "labels" in shown ? shown.labels.length : 0;
      const now = `${panel.item}/${panel.place}/${shown.type}/${count}`;
      if (now !== known) {
        stop();
        stop = () => {};
        host.replaceChildren();
        known = now;
      }
      host.hidden = false;
      scale.hidden = shown.type !== "tiles";
      draw(panel, shown);
    },
  };
}

/**
 * Whether a picture is made of several maps, heads or units to choose from.
 *
 * @param {Picture} shown
 * @returns {shown is Tiles}
 */
export function isStack(shown) {
  return shown.type === "tiles" && !shown.isVector && shown.total > 1;
}

/** @param {Panel} panel */
export function labelOf({ path, shape }) {
  return `${path}: ${shape}`;
}

/**
 * @param {Tiles} tiles
 * @param {boolean} isShared
 * @param {Words} words
 */
function scaleEnds({ count, lows, highs, scale }, isShared, words) {
  if (!isShared && count !== 1) return [words.least_of_map, words.greatest_of_map];
  return endsOf(lows[0], highs[0], scale).map((end) => significant(end, 3));
}

/**
 * @param {Points} points
 * @param {Words} words
 * @returns {[string, string]}
 */
function axesOf({ shares }, words) {
  const [x, y] = shares.map((share) => `${(100 * share).toFixed(0)} %`);
  return [`${words.component} 1 (${x})`, `${words.component} 2 (${y})`];
}
