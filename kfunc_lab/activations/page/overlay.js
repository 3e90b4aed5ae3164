// A heat map over a picture, and how much of each is seen.

import { rangeInput } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { bytesOf, numbersOf, significant } from "../../ui/page/numbers.js";
import { filled } from "../../ui/page/words.js";
import { endsOf, lookupTable, paintNumbers } from "./colours.js";
import { drawOn, setSize } from "./figure.js";
import { enlarged, greyOf } from "./heat.js";
import { drawImage, showPixels } from "./pixels.js";
import { makeReader, stepInGrid } from "./reader.js";
import { readout } from "./readouts.js";

/** @import { Figure } from "./figure.js" */
/** @import { Colours, Data, Image, ScaleName, Words } from "./state.js" */

const SIDE = 280; // pixels of the longer side

/** @type {WeakMap<HTMLElement, number>}  the share of the heat map that was chosen on a host */
const CHOSEN = new WeakMap();

/**
 * @typedef {object} Heat
 * @property {number} rows
 * @property {number} cols
 * @property {Data} data
 * @property {number} low
 * @property {number} high
 * @property {ScaleName} scale
 *
 * @typedef {object} Overlay
 * @property {Image} picture
 * @property {Heat} heat
 * @property {number} share  of the heat map, from 0 to 1, until another is chosen
 * @property {string} label
 * @property {Words} words
 * @property {Colours} colours
 */

/**
 * @param {HTMLElement} host
 * @param {Overlay} overlay
 */
export function drawOverlay(host, overlay) {
  const share = CHOSEN.get(host) ?? overlay.share;
  return drawOn(host, makeOverlay, { ...overlay, share });
}

/**
 * @param {HTMLElement} host
 * @returns {Figure<Overlay>}
 */
function makeOverlay(host) {
  /** @type {Overlay} */
  let overlay;
  let numbers = new Float32Array();
  let bytes = new Uint8Array();
  let size = { width: SIDE, height: SIDE };
  const reader = makeReader({
    cellAt(x, y) {
      const { rows, cols } = overlay.picture;
      const row = Math.floor((y / size.height) * rows);
      const column = Math.floor((x / size.width) * cols);
      const isInside = row >= 0 && row < rows && column >= 0 && column < cols;
      return isInside ? row * cols + column : null;
    },
    boxOf(cell) {
      const { rows, cols } = overlay.picture;
      const [width, height] = [size.width / cols, size.height / rows];
      return { x: (cell % cols) * width, y: Math.floor(cell / cols) * height, width, height };
    },
    step: (cell, key) => stepInGrid(cell, key, overlay.picture.rows, overlay.picture.cols),
    textOf: (cell) => pixelWords(overlay, numbers, bytes, cell),
    first() {
      const { rows, cols } = overlay.picture;
      return Math.floor(rows / 2) * cols + Math.floor(cols / 2);
    },
  });
  const picture = element("canvas", "kfunc-lab-drawn-canvas");
  const heat = element("canvas", "kfunc-lab-drawn-canvas");
  for (const layer of [picture, heat]) layer.setAttribute("aria-hidden", "true");
  reader.stage.prepend(picture, heat);
  const blend = makeBlend((share) => {
    heat.style.opacity = String(share);
    CHOSEN.set(host, share);
  });
  reader.root.append(blend.root);

  return {
    root: reader.root,
    show(next) {
      overlay = next;
      numbers = numbersOf(next.heat.data);
      bytes = bytesOf(next.picture.data);
      const { rows, cols } = next.picture;
      const cell = SIDE / Math.max(rows, cols);
      size = { width: Math.round(cell * cols), height: Math.round(cell * rows) };
      reader.setStage(size.width, size.height);
      for (const layer of [picture, heat]) setSize(layer, size.width, size.height);
      drawImage(picture, { rows, cols, channels: 1, data: greyOf(next.picture) });
      paintHeat(heat, next, numbers, size);
      heat.style.opacity = String(next.share);
      blend.show(next.words.blend, next.share);
      reader.showOdd(numbers.every(Number.isFinite) ? [] : ["NaN"]);
      reader.refresh(next.label, rows * cols);
    },
  };
}

/** @param {(share: number) => void} onChange */
function makeBlend(onChange) {
  const root = element("label", "kfunc-lab-drawn-blend");
  const caption = element("span");
  const slider = rangeInput("", (value) => onChange(value / 100));
  slider.span(0, 100);
  root.append(caption, slider);
  return {
    root,
    /**
     * @param {string} label
     * @param {number} share
     */
    show(label, share) {
      caption.textContent = label;
      slider.value = String(Math.round(100 * share));
    },
  };
}

/**
 * Numbers are enlarged, and not colours: between two colours of a scale lies a third that the scale
 * may not have.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Overlay} overlay
 * @param {Float32Array} numbers
 * @param {{ width: number, height: number }} size
 */
function paintHeat(canvas, { heat, colours }, numbers, size) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  const large = enlarged(heat, numbers, height, width);
  const pixels = new Uint32Array(width * height);
  const ends = endsOf(heat.low, heat.high, heat.scale);
  const odd = paintNumbers(pixels, large, lookupTable(colours[heat.scale]), ends, (at) => at);
  const [colour] = lookupTable([colours.notFinite, colours.notFinite]);
  for (const at of odd) pixels[at] = colour;
  showPixels(canvas, pixels, width);
}

/**
 * Says what a pixel of the picture is, and what the heat map is there.
 *
 * @param {Overlay} overlay
 * @param {Float32Array} numbers
 * @param {Uint8Array} bytes
 * @param {number} cell
 */
function pixelWords({ picture, heat, words }, numbers, bytes, cell) {
  const [row, column] = [Math.floor(cell / picture.cols), cell % picture.cols];
  const line = Math.floor((row * heat.rows) / picture.rows);
  const place = Math.floor((column * heat.cols) / picture.cols);
  const parts = picture.channels === 3 ? 3 : 1;
  const pixel = [...bytes.subarray(parts * cell, parts * (cell + 1))].join(", ");
  const said = readout(words.readout, {
    row,
    column,
    rowAxis: words.row,
    colAxis: words.column,
    value: significant(numbers[line * heat.cols + place], 4),
  });
  return `${said} · ${filled(words.pixel, { value: pixel })}`;
}
