// A pad to draw a digit on, the digit as the model sees it, and what the model answers.

import { drawBars } from "../../../activations/page/bars.js";
import { setSize } from "../../../activations/page/figure.js";
import { drawingPad } from "../../../activations/page/pad.js";
import { drawImage } from "../../../activations/page/pixels.js";
import { makeAsker } from "../../../ui/page/ask.js";
import { element } from "../../../ui/page/dom.js";
import { defineView, listen } from "../../../ui/page/model.js";

/** @import { Bars, Image, Words } from "../../../activations/page/state.js" */
/** @import { Model } from "../../../ui/page/model.js" */

/**
 * @typedef {{ _side: number, _image: Image, _bars: Bars, _words: Words }} State
 * @typedef {{ type: "answered" } | { type: "problem", words: string }} Message
 */

const PAD = 196; // pixels
const SEEN = 72;

/** @param {{ model: Model<State>, el: HTMLElement }} view */
function render({ model, el }) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-view kfunc-lab-digit-pad");
  const status = element("span", "kfunc-lab-digit-status");
  status.setAttribute("role", "status");
  const { ask, answered } = makeAsker(model, status, words.waiting);
  const pad = drawingPad({
    side: model.get("_side"),
    size: PAD,
    words,
    onStroke: (pixels) => ask({ type: "draw" }, [pixels]),
  });
  const picture = element("canvas");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", words.as_the_model_sees);
  setSize(picture, SEEN, SEEN);
  const seen = element("div", "kfunc-lab-digit-seen");
  seen.append(picture, element("span", "", words.as_the_model_sees));
  const answer = element("div", "kfunc-lab-digit-answer");
  root.append(pad.root, arrow(), seen, arrow(), answer, status);
  el.append(root);

  function show() {
    drawImage(picture, model.get("_image"));
    drawBars(answer, model.get("_bars"), { label: words.answer, words });
  }
  show();
  return listen(model, {
    "change:_bars": show,
    "change:_image": show,
    "msg:custom": (/** @type {Message} */ message) => {
      if (message.type === "answered") answered();
      else status.textContent = message.words;
    },
  });
}

function arrow() {
  const it = element("span", "kfunc-lab-digit-arrow", "→");
  it.setAttribute("aria-hidden", "true");
  return it;
}

export default defineView("digit_pad", render);
