// The samples to choose from, and the button that opens the pad.

import { pagerOf, textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { filled } from "../../ui/page/words.js";
import { drawImage } from "./pixels.js";

/** @import { Context, Image } from "./state.js" */

/**
 * @typedef {object} Actions
 * @property {(sample: number) => void} onChoose
 * @property {() => void} onDraw
 */

/**
 * @param {Context} context
 * @param {Actions} actions
 */
export function makeSamples({ model, words, live, set }, { onChoose, onDraw }) {
  const root = element("div", "kfunc-lab-samples");
  root.hidden = !live;
  const row = element("div", "kfunc-lab-sample-row");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", words.samples);
  const pager = pagerOf((by) => {
    const { first, last, samples } = model.get("_row");
    set("sample", by < 0 ? Math.max(first - 1, 0) : Math.min(last, samples - 1));
  });
  const draw = textButton(words.draw, onDraw);
  root.append(row, pager, draw);
  /** @type {Map<number, HTMLButtonElement>} */
  let buttons = new Map();

  function showChosen() {
    const chosen = model.get("sample");
    for (const [sample, button] of buttons) {
      button.setAttribute("aria-pressed", String(sample === chosen));
    }
  }

  return {
    root,
    showChosen,
    /**
     * @param {boolean} isOffered
     * @param {boolean} isOpen
     */
    showPad(isOffered, isOpen) {
      draw.hidden = !isOffered;
      draw.setAttribute("aria-pressed", String(isOpen));
    },
    showRow() {
      const { samples, first, last, images } = model.get("_row");
      buttons = new Map(
        images.map((image, place) => {
          const sample = first + place;
          const button = makeButton(sample, filled(words.sample, { n: sample }), image);
          button.addEventListener("click", () => onChoose(sample));
          return [sample, button];
        }),
      );
      row.replaceChildren(...buttons.values());
      pager.show({
        first,
        shown: last - first,
        total: samples,
        label: words.samples,
        before: words.earlier_samples,
        after: words.later_samples,
      });
      showChosen();
    },
  };
}

/**
 * @param {number} sample
 * @param {string} label
 * @param {Image | null} image
 */
function makeButton(sample, label, image) {
  const button = element("button", "kfunc-lab-sample");
  button.type = "button";
  button.dataset.sample = String(sample);
  button.setAttribute("aria-label", label);
  if (image) {
    const canvas = element("canvas");
    drawImage(canvas, image);
    button.append(canvas);
  } else button.append(String(sample));
  return button;
}
