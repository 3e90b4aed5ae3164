// Heat maps as pixels: painted once, however they are laid out then.

import { element } from "../../ui/page/dom.js";
import { endsOf, lookupTable, paintNumbers } from "./colours.js";
import { setSize } from "./figure.js";
import { brushOf, canvasOf } from "./pixels.js";
import { boxOfTile } from "./tile_layout.js";

/** @import { Colours, Tiles } from "./state.js" */
/** @import { Grid, Layout } from "./tile_layout.js" */

/**
 * @typedef {object} Painted
 * @property {HTMLCanvasElement} picture  a pixel for each cell
 * @property {HTMLCanvasElement | null} mask  of the cells that are not finite
 * @property {number} across  how many tiles stand beside one another in them
 * @property {string[]} odd  the names of what is not finite
 * @property {string} oddColour
 *
 */

/**
 * @param {Tiles & Grid} tiles
 * @param {Float32Array} numbers
 * @param {Colours} colours
 * @returns {Painted}
 */
export function paintTiles(tiles, numbers, colours) {
  const { count, rows, cols, lows, highs, scale, filled } = tiles;
  const across = Math.ceil(Math.sqrt(count)) || 1;
  const width = Math.max(across * cols, 1);
  const height = Math.max(Math.ceil(count / across) * rows, 1);
  const [pixels, masked] = [new Uint32Array(width * height), new Uint32Array(width * height)];
  const table = lookupTable(colours[scale]);
  const size = rows * cols;
  let [hasNaN, hasInfinity] = [false, false];
  for (let index = 0; index < count; index++) {
    const corner = Math.floor(index / across) * rows * width + (index % across) * cols;
    const own = numbers.subarray(index * size, index * size + Math.min(size, filled));
    /** @param {number} at */
    const placeOf = (at) => corner + Math.floor(at / cols) * width + (at % cols);
    const ends = endsOf(lows[index], highs[index], scale);
    for (const at of paintNumbers(pixels, own, table, ends, placeOf)) {
      masked[placeOf(at)] = 0xff000000;
      if (Number.isNaN(own[at])) hasNaN = true;
      else hasInfinity = true;
    }
  }
  return {
    picture: canvasOf(pixels, width),
    mask: hasNaN || hasInfinity ? canvasOf(masked, width) : null,
    across,
    odd: [...(hasNaN ? ["NaN"] : []), ...(hasInfinity ? ["±∞"] : [])],
    oddColour: colours.notFinite,
  };
}

/**
 * Puts each tile of a picture in its place.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement} picture
 * @param {number} across
 * @param {Grid} grid
 * @param {Layout} layout
 */
function placeTiles(context, picture, across, { count, rows, cols }, layout) {
  const { tile, ratio, cell } = layout;
  // Enlarged, each cell is seen as it is; made smaller, none is left out.
  context.imageSmoothingEnabled = Math.min(cell.width, cell.height) * ratio < 1;
  const [width, height] = [tile.width, tile.height].map((side) => Math.round(side * ratio));
  for (let index = 0; index < count; index++) {
    const { x, y } = boxOfTile(layout, index);
    const [left, top] = [(index % across) * cols, Math.floor(index / across) * rows];
    const [atX, atY] = [Math.round(x * ratio), Math.round(y * ratio)];
    context.drawImage(picture, left, top, cols, rows, atX, atY, width, height);
  }
}

/**
 * Two colours, so that what is not finite is told apart without seeing hues.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} ratio
 * @param {string} colour
 */
function hatching(context, ratio, colour) {
  const size = Math.round(5 * ratio);
  const drawn = element("canvas");
  drawn.width = drawn.height = size;
  const brush = brushOf(drawn);
  brush.fillStyle = colour;
  brush.fillRect(0, 0, size, size);
  brush.strokeStyle = "#ffffff";
  brush.lineWidth = ratio;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, size);
    brush.lineTo(shift + size, 0);
  }
  brush.stroke();
  return context.createPattern(drawn, "repeat") ?? colour;
}

/**
 * Shows tiles as they are laid out.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Painted} painted
 * @param {Grid} grid
 * @param {Layout} layout
 */
export function showTiles(canvas, { picture, mask, across, oddColour }, grid, layout) {
  const { width, height, ratio } = layout;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  setSize(canvas, width, height);
  const context = brushOf(canvas);
  placeTiles(context, picture, across, grid, layout);
  if (!mask || !canvas.width || !canvas.height) return;
  const hatched = element("canvas");
  hatched.width = canvas.width;
  hatched.height = canvas.height;
  const brush = brushOf(hatched);
  placeTiles(brush, mask, across, grid, layout);
  brush.globalCompositeOperation = "source-in"; // only where the mask is
  brush.fillStyle = hatching(brush, ratio, oddColour);
  brush.fillRect(0, 0, hatched.width, hatched.height);
  context.drawImage(hatched, 0, 0);
}
