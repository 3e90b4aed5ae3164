// The band above: samples to choose from, the one that is shown, and what the model answers.

import { element } from "../../ui/page/dom.js";
import { filled } from "../../ui/page/words.js";
import { drawBars } from "./bars.js";
import { setSize } from "./figure.js";
import { drawingPad } from "./pad.js";
import { drawImage, thumbnailCanvas } from "./pixels.js";
import { makeSamples } from "./samples.js";

/** @import { Band, Colours, Context, Image } from "./state.js" */

const PAD_SIZE = 168; // pixels

/** @param {Context} context */
export function makeBand(context) {
  const { model, set, ask } = context;
  const root = element("div", "kfunc-lab-band");
  const ways = element("div", "kfunc-lab-ways");
  const goesIn = element("div", "kfunc-lab-goes-in");
  const comesOut = element("div", "kfunc-lab-comes-out");
  const arrow = element("span", "kfunc-lab-arrow", "→");
  arrow.setAttribute("aria-hidden", "true");
  const samples = makeSamples(context, { onChoose: choose, onDraw: () => openPad(!isDrawing) });
  ways.append(goesIn, arrow, comesOut);
  root.append(samples.root, ways);
  const showInput = makeInput(context, goesIn);
  let isDrawing = false;
  /** @type {ReturnType<typeof drawingPad> | undefined} */
  let pad;

  /** @param {boolean} isOpen */
  function openPad(isOpen) {
    isDrawing = isOpen;
    if (isOpen) {
      pad ??= drawingPad({
        side: model.get("_band").pad,
        size: PAD_SIZE,
        words: context.words,
        onStroke: sendDrawing,
      });
      if (!pad.isEmpty()) sendDrawing(pad.pixels());
    }
    show();
    if (isOpen) pad?.focus();
  }

  /** @param {Uint8Array<ArrayBuffer>} pixels */
  function sendDrawing(pixels) {
    const isEmpty = !pixels.some((ink) => ink > 0);
    if (isEmpty) ask({ type: "erase" });
    else ask({ type: "draw", side: model.get("_band").pad }, [pixels]);
  }

  /** @param {number} sample */
  function choose(sample) {
    openPad(false);
    set("sample", sample);
  }

  function show() {
    const { outputs, pad: side } = model.get("_band");
    samples.showPad(side > 0, isDrawing);
    showInput(isDrawing && pad ? pad.root : null);
    arrow.hidden = !outputs.length;
    showAnswers(context, comesOut);
  }

  return {
    root,
    show,
    showRow: samples.showRow,
    choose,
    showSample() {
      if (model.get("sample") >= 0 && isDrawing) openPad(false);
      samples.showChosen();
    },
  };
}

/**
 * What goes in: the pad while it is open, the picture or small pictures of all inputs.
 *
 * @param {Context} context
 * @param {HTMLElement} host
 */
function makeInput({ model, words, colours }, host) {
  const picture = element("canvas", "kfunc-lab-input");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", words.input);
  const caption = element("span", "kfunc-lab-caption");
  const seen = element("div", "kfunc-lab-figure");
  seen.append(picture, caption);

  /**
   * @param {Image} image
   * @param {boolean} isDrawn
   */
  function showPicture(image, isDrawn) {
    drawImage(picture, image);
    const side = (isDrawn ? 84 : 112) / Math.max(image.rows, image.cols);
    setSize(picture, side * image.cols, side * image.rows);
    caption.textContent = isDrawn
      ? words.as_the_model_sees
      : filled(words.sample, { n: model.get("sample") });
    return seen;
  }

  /** @param {HTMLElement | null} pad */
  return function showInput(pad) {
    const { image, inputs } = model.get("_band");
    const parts = [
      ...(pad ? [pad] : []),
      ...(image ? [showPicture(image, pad !== null)] : []),
      ...inputs.map((input) => inputFigure(input, colours)),
    ];
    // The pad must not be taken out and put back: the stroke that is being drawn would end.
    if (!parts.every((part, at) => host.children[at] === part)) host.replaceChildren(...parts);
    while (host.childElementCount > parts.length) host.lastChild?.remove();
  };
}

/**
 * @param {Band["inputs"][number]} input
 * @param {Colours} colours
 */
function inputFigure({ name, picture }, colours) {
  const figure = element("div", "kfunc-lab-figure");
  if (picture) figure.append(thumbnailCanvas(picture, colours, 96));
  figure.append(element("span", "kfunc-lab-caption", name));
  return figure;
}

/**
 * What comes out: bars for each output.
 *
 * @param {Context} context
 * @param {HTMLElement} host
 */
function showAnswers({ model, words }, host) {
  const { outputs } = model.get("_band");
  while (host.childElementCount > outputs.length) host.lastChild?.remove();
  outputs.forEach(({ name, bars }, place) => {
    const known = /** @type {HTMLElement | undefined} */ (host.children[place]);
    const box = known ?? host.appendChild(element("div", "kfunc-lab-answer"));
    if (box.dataset.name !== name) {
      box.dataset.name = name;
      box.replaceChildren(element("span", "kfunc-lab-caption", name), element("div"));
    }
    drawBars(/** @type {HTMLElement} */ (box.lastChild), bars, { label: name, words });
  });
}
