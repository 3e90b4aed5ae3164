// Pictures as canvases.

import { element } from "../../ui/page/dom.js";
import { bytesOf } from "../../ui/page/numbers.js";
import { lookupTable } from "./colours.js";
import { setSize } from "./figure.js";

/** @import { Colours, Image, Thumbnail } from "./state.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function brushOf(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/**
 * @param {Uint32Array<ArrayBuffer>} pixels
 * @param {number} width
 */
export function canvasOf(pixels, width) {
  const canvas = element("canvas");
  showPixels(canvas, pixels, width);
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uint32Array<ArrayBuffer>} pixels
 * @param {number} width
 */
export function showPixels(canvas, pixels, width) {
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width);
  canvas.width = image.width;
  canvas.height = image.height;
  brushOf(canvas).putImageData(image, 0, 0);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Image} image
 */
export function drawImage(canvas, image) {
  canvas.classList.add("kfunc-lab-pixels");
  showPixels(canvas, pixelsOf(image), image.cols);
}

/**
 * Writes a picture as pixels are laid in memory: alpha, blue, green, red.
 *
 * @param {Image} image
 */
export function pixelsOf({ rows, cols, channels, data }) {
  const bytes = bytesOf(data);
  const pixels = new Uint32Array(rows * cols);
  const next = channels === 3 ? 1 : 0; // from red to green to blue
  for (let at = 0; at < pixels.length; at++) {
    const first = at * (1 + 2 * next);
    const [red, green, blue] = [bytes[first], bytes[first + next], bytes[first + 2 * next]];
    pixels[at] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return pixels;
}

/**
 * Makes a small heat map.
 *
 * @param {Thumbnail} thumbnail
 * @param {Colours} colours
 * @param {number} longest  pixels of its longer side
 */
export function thumbnailCanvas({ rows, cols, scale, data }, colours, longest) {
  const table = lookupTable(colours[scale]);
  const pixels = new Uint32Array(rows * cols);
  bytesOf(data).forEach((level, at) => {
    if (level < 255) pixels[at] = table[Math.round((level * 255) / 254)];
  });
  const canvas = canvasOf(pixels, cols);
  canvas.className = "kfunc-lab-thumbnail";
  canvas.setAttribute("aria-hidden", "true");
  const side = longest / Math.max(rows, cols);
  setSize(canvas, Math.max(cols * side, 10), Math.max(rows * side, 10));
  return canvas;
}
