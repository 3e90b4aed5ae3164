// One map, head or unit: enlarged, over the input where it is a picture, and what excites it.

import { textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { filled } from "../../ui/page/words.js";
import { drawOverlay } from "./overlay.js";
import { labelOf } from "./picture.js";
import { drawTiles } from "./tiles.js";

/** @import { Context, Panel, Unit } from "./state.js" */

/**
 * @param {Context} context
 * @param {(sample: number) => void} onSample
 */
export function makeUnit({ words, colours, set }, onSample) {
  const root = element("div", "kfunc-lab-unit");
  root.hidden = true;
  const head = element("div", "kfunc-lab-unit-head");
  const title = element("strong");
  const host = element("div", "kfunc-lab-unit-host");
  const exciting = element("div", "kfunc-lab-exciting");
  head.append(
    title,
    textButton("×", () => set("unit", -1), words.close_unit),
  );
  root.append(head, host, exciting);
  let known = "";
  let stop = () => {};

  /**
   * @param {Panel} panel
   * @param {Unit} unit
   */
  function showMap(panel, { title: label, map, image }) {
    const now = `${panel.item}/${panel.place}/${map ? "map" : ""}/${image ? "image" : ""}`;
    if (now !== known) {
      stop();
      stop = () => {};
      host.replaceChildren();
      known = now;
    }
    if (map && image) {
      const { rows, cols, data, scale, lows, highs } = map;
      stop = drawOverlay(host, {
        picture: image,
        heat: { rows, cols, data, scale, low: lows[0], high: highs[0] },
        share: 0.7,
        label,
        words,
        colours,
      });
    } else if (map) stop = drawTiles(host, map, { colours, words, label: labelOf(panel) });
  }

  /** @param {NonNullable<Unit["exciting"]>} samples */
  function showExciting(samples) {
    const buttons = samples.map(({ sample, value }) => {
      const text = `${filled(words.sample, { n: sample })}: ${value}`;
      return textButton(text, () => onSample(sample));
    });
    const caption = samples.length ? [element("span", "", words.excites)] : [];
    exciting.replaceChildren(...caption, ...buttons);
  }

  return {
    root,
    stop: () => stop(),
    /** @param {Panel} panel */
    show(panel) {
      const { unit } = panel;
      root.hidden = !unit;
      if (!unit) return;
      title.textContent = unit.title;
      showMap(panel, unit);
      showExciting(unit.exciting ?? []);
    },
  };
}
