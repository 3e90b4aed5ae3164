// Heat maps: tiles of cells in a mosaic, or a single one with the names of its rows and columns.

import { makeScale } from "../../graph/view/page/details.js";
import { element } from "../../ui/page/dom.js";
import { numbersOf, significant } from "../../ui/page/numbers.js";
import {
  coloursOf,
  endsOf,
  FOCUS_EDGE,
  figureOn,
  filledIn,
  LETTER,
  lookupTable,
  makeReader,
  NOT_FINITE,
  paintNumbers,
  setBox,
  setStyle,
  stepInGrid,
  watchWidth,
} from "./figures.js";

const TILE_GAP = 4;
const MOSAIC_HEIGHT = 260; // pixels: that much is seen at once, where maps of 32 pixels allow it
const MATRIX_HEIGHT = 320;

// Cells of whole dots, so that all are equally large, unless that would cost too much room.
function wholeDots(size, ratio) {
  const dots = size * ratio;
  const whole = Math.floor(dots);
  return whole >= 0.85 * dots ? whole / ratio : size;
}

function layMosaic({ count, rows, cols }, room, ratio) {
  const longest = Math.max(rows, cols);
  const lay = (side) => {
    const whole = Math.floor((side * ratio) / longest) / ratio;
    const cell = whole * longest >= 32 ? whole : side / longest;
    // Lines of few cells are thickened, else nothing would be seen of them.
    const tile = { width: Math.max(cell * cols, 8), height: Math.max(cell * rows, 8) };
    const across = Math.max(1, Math.floor((room + TILE_GAP) / (tile.width + TILE_GAP)));
    const lines = Math.ceil(count / across);
    // As many lines as it takes, and in each as many tiles: none is left alone.
    const height = lines * (tile.height + TILE_GAP) - TILE_GAP;
    return { tile, across: Math.ceil(count / lines), height };
  };
  let side = Math.min(count <= 4 ? 220 : 96, Math.max(32, room));
  // A few stand in one line, if that does not make them small.
  const inLine = Math.floor((room + TILE_GAP) / count) - TILE_GAP;
  if (count <= 4 && inLine >= 120) side = Math.min(side, inLine);
  while (side > 32 && lay(side).height > MOSAIC_HEIGHT) side--;
  return lay(side);
}

function layMatrix({ rows, cols }, room, ratio) {
  const cell = Math.min(room / cols, MATRIX_HEIGHT / rows, 64);
  // Of few rows, or columns, each is thickened: what is 1 to 50 would be a thread.
  const wide = Math.max(cell, Math.min(room, 240, 24 * cols) / cols);
  const high = Math.max(cell, Math.min(160, 24 * rows) / rows);
  const width = wholeDots(wide, ratio) * cols;
  const height = wholeDots(high, ratio) * rows;
  return { tile: { width, height }, across: 1, height };
}

// How many pixels the names of rows and columns take beside a matrix.
function guttersOf({ count, rowLabels, colLabels }) {
  if (count !== 1) return { left: 0, top: 0 };
  const room = (labels, most) =>
    labels
      ? Math.min(most, Math.ceil(LETTER * Math.max(...labels.map((it) => it.length))) + 8)
      : 0;
  return { left: room(rowLabels, 96), top: room(colLabels, 80) };
}

function layTiles(tiles, room, ratio) {
  const { left, top } = guttersOf(tiles);
  const inner = Math.max(room - left, 8);
  const laid = (tiles.count === 1 ? layMatrix : layMosaic)(tiles, inner, ratio);
  const { tile, height } = laid;
  const across = Math.min(laid.across, Math.max(tiles.count, 1));
  const isFlat = top > 0 && top <= tile.width / tiles.cols; // names that fit need not be turned
  return {
    tile,
    across,
    left,
    top: isFlat ? 18 : top,
    isFlat,
    width: across * (tile.width + TILE_GAP) - TILE_GAP,
    height: Math.max(height, 0),
    cell: { width: tile.width / tiles.cols, height: tile.height / tiles.rows },
    ratio,
  };
}

function placeOfTile(layout, index) {
  return {
    x: (index % layout.across) * (layout.tile.width + TILE_GAP),
    y: Math.floor(index / layout.across) * (layout.tile.height + TILE_GAP),
  };
}

// All tiles in one picture of a pixel for each cell, independent of how they are laid out; and
// such a picture of the cells that are not finite, if there are any.
function paintTiles(tiles, numbers, colours) {
  const { count, rows, cols, lows, highs, scale, filled } = tiles;
  const across = Math.ceil(Math.sqrt(count)) || 1;
  const width = Math.max(across * cols, 1);
  const height = Math.max(Math.ceil(count / across) * rows, 1);
  const [pixels, masked] = [new Uint32Array(width * height), new Uint32Array(width * height)];
  const table = lookupTable(colours);
  const size = rows * cols;
  let [hasNaN, hasInfinity] = [false, false];
  for (let index = 0; index < count; index++) {
    const corner = Math.floor(index / across) * rows * width + (index % across) * cols;
    const own = numbers.subarray(index * size, index * size + Math.min(size, filled));
    const placeOf = (at) => corner + Math.floor(at / cols) * width + (at % cols);
    const ends = endsOf(lows[index], highs[index], scale);
    for (const at of paintNumbers(pixels, own, table, ends, placeOf)) {
      masked[placeOf(at)] = 0xff000000;
      if (Number.isNaN(own[at])) hasNaN = true;
      else hasInfinity = true;
    }
  }
  return {
    picture: pictureOf(pixels, width),
    mask: hasNaN || hasInfinity ? pictureOf(masked, width) : null,
    across,
    odd: [...(hasNaN ? ["NaN"] : []), ...(hasInfinity ? ["±∞"] : [])],
  };
}

function pictureOf(pixels, width) {
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width);
  const picture = element("canvas");
  picture.width = image.width;
  picture.height = image.height;
  picture.getContext("2d").putImageData(image, 0, 0);
  return picture;
}

// Puts each tile of a picture in its place.
function placeTiles(context, picture, across, { count, rows, cols }, layout) {
  const { tile, ratio, cell } = layout;
  // Enlarged, each cell is seen as it is; made smaller, none is left out.
  context.imageSmoothingEnabled = Math.min(cell.width, cell.height) * ratio < 1;
  const [width, height] = [tile.width, tile.height].map((side) => Math.round(side * ratio));
  for (let index = 0; index < count; index++) {
    const { x, y } = placeOfTile(layout, index);
    const [left, top] = [(index % across) * cols, Math.floor(index / across) * rows];
    const [atX, atY] = [Math.round(x * ratio), Math.round(y * ratio)];
    context.drawImage(picture, left, top, cols, rows, atX, atY, width, height);
  }
}

// Two colours, so that what is not finite is told apart without seeing hues.
function hatching(context, ratio) {
  const size = Math.round(5 * ratio);
  const drawn = element("canvas");
  drawn.width = drawn.height = size;
  const brush = drawn.getContext("2d");
  brush.fillStyle = NOT_FINITE;
  brush.fillRect(0, 0, size, size);
  brush.strokeStyle = "#ffffff";
  brush.lineWidth = ratio;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, size);
    brush.lineTo(shift + size, 0);
  }
  brush.stroke();
  return context.createPattern(drawn, "repeat");
}

function showTiles(canvas, painted, tiles, layout) {
  canvas.width = Math.round(layout.width * layout.ratio);
  canvas.height = Math.round(layout.height * layout.ratio);
  setStyle(canvas, {
    width: `${layout.width}px`,
    height: `${layout.height}px`,
    left: `${layout.left}px`,
    top: `${layout.top}px`,
  });
  const context = canvas.getContext("2d");
  placeTiles(context, painted.picture, painted.across, tiles, layout);
  if (!painted.mask || !canvas.width || !canvas.height) return;
  const hatched = element("canvas");
  hatched.width = canvas.width;
  hatched.height = canvas.height;
  const brush = hatched.getContext("2d");
  placeTiles(brush, painted.mask, painted.across, tiles, layout);
  brush.globalCompositeOperation = "source-in"; // only where the mask is
  brush.fillStyle = hatching(brush, layout.ratio);
  brush.fillRect(0, 0, hatched.width, hatched.height);
  context.drawImage(hatched, 0, 0);
}

// The names of a matrix's rows and columns; where they are too many, some.
function nameAxes(names, { rowLabels, colLabels, count, rows, cols }, layout) {
  names.replaceChildren();
  if (count !== 1) return;
  const { cell, left, top, isFlat } = layout;
  const each = (labels, size, make) => {
    const step = Math.ceil(13 / size);
    (labels ?? []).forEach((text, at) => at % step || names.append(make(text, at * size)));
  };
  each(rowLabels?.slice(0, rows), cell.height, (text, at) => {
    const name = element("span", "kfunc-lab-drawn-row", text);
    setStyle(name, { width: `${left}px`, top: `${top + at + cell.height / 2}px` });
    return name;
  });
  each(colLabels?.slice(0, cols), cell.width, (text, at) => {
    const name = element("span", `kfunc-lab-drawn-column${isFlat ? "" : " turned"}`, text);
    setStyle(name, { height: `${top}px`, left: `${left + at + cell.width / 2}px` });
    return name;
  });
}

// What a cell stands for along a side: a label, or the numbers of the cells that were put together.
function placeWords(at, factor, labels) {
  const first = Math.floor(at * factor);
  const last = Math.ceil((at + 1) * factor) - 1;
  const number = last > first ? `${first}–${last}` : String(first);
  return labels?.[at] === undefined ? number : `${labels[at]} (${number})`;
}

function tileWords(tiles, numbers, words, cell) {
  const { rows, cols, factor = 1, labels, rowLabels, colLabels, isVector } = tiles;
  const [down, over] = Array.isArray(factor) ? factor : [factor, factor];
  const place = cell % (rows * cols);
  const index = Math.floor(cell / (rows * cols));
  return filledIn((isVector && words.unit_readout) || words.readout, {
    label: labels?.[index] ?? "",
    row: placeWords(Math.floor(place / cols), down, rowLabels),
    column: placeWords(place % cols, over, colLabels),
    unit: placeWords(place, over),
    rowAxis: tiles.rowAxis ?? "",
    colAxis: tiles.colAxis ?? "",
    value: significant(numbers[cell], 4),
  });
}

// Where a vector is written in lines, the last of them need not be full.
function filledOf({ filled, isVector, total, rows, cols }) {
  return filled ?? (isVector && total ? Math.min(total, rows * cols) : rows * cols);
}

export function drawTiles(host, tiles, options) {
  const figure = figureOn(host, "tiles", makeTiles);
  figure.show(tiles, options);
  return figure.stop;
}

function makeTiles() {
  let tiles;
  let options;
  let numbers;
  let painted;
  let layout = null;
  const sizeOfTile = () => tiles.rows * tiles.cols;
  const isMosaic = () => tiles.count > 1;

  function cellAt(x, y) {
    if (!layout) return null;
    const [right, down] = [x - layout.left, y - layout.top];
    const column = Math.floor(right / (layout.tile.width + TILE_GAP));
    const index = Math.floor(down / (layout.tile.height + TILE_GAP)) * layout.across + column;
    if (right < 0 || down < 0 || column >= layout.across || index >= tiles.count) return null;
    const corner = placeOfTile(layout, index);
    const inColumn = Math.floor((right - corner.x) / layout.cell.width);
    const inRow = Math.floor((down - corner.y) / layout.cell.height);
    const place = inRow * tiles.cols + inColumn;
    const isInside = inColumn < tiles.cols && inRow < tiles.rows && place < tiles.filled;
    return isInside ? index * sizeOfTile() + place : null;
  }

  function boxOf(cell) {
    const corner = placeOfTile(layout, Math.floor(cell / sizeOfTile()));
    const place = cell % sizeOfTile();
    return {
      x: layout.left + corner.x + (place % tiles.cols) * layout.cell.width,
      y: layout.top + corner.y + Math.floor(place / tiles.cols) * layout.cell.height,
      ...layout.cell,
    };
  }

  function boxOfTile(index) {
    const { x, y } = placeOfTile(layout, index);
    return { x: layout.left + x, y: layout.top + y, ...layout.tile };
  }

  // From tile to tile, at the same place of each; with Shift, or in the only tile, by cells.
  function step(cell, key, isFine) {
    const [index, place] = [Math.floor(cell / sizeOfTile()), cell % sizeOfTile()];
    if (!isMosaic() || isFine) {
      const next = stepInGrid(place, key, tiles.rows, tiles.cols, tiles.filled);
      return next === undefined ? undefined : index * sizeOfTile() + next;
    }
    const last = tiles.count - 1;
    if (key === "Home" || key === "End")
      return (key === "Home" ? 0 : last) * sizeOfTile() + place;
    const { across } = layout;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
    if (!(key in moves)) return undefined;
    const next = index + moves[key];
    return (next < 0 || next > last ? index : next) * sizeOfTile() + place;
  }

  const reader = makeReader({
    cellAt,
    boxOf,
    aroundOf: (cell) => isMosaic() && boxOfTile(Math.floor(cell / sizeOfTile())),
    step,
    textOf: (cell) => tileWords(tiles, numbers, options.words, cell),
    first: () => Math.max(options.picked ?? 0, 0) * sizeOfTile(),
    pick: (cell) => options.onPick?.(Math.floor(cell / sizeOfTile())),
  });
  const canvas = element("canvas", "kfunc-lab-drawn-canvas");
  canvas.setAttribute("aria-hidden", "true");
  const names = element("div", "kfunc-lab-drawn-names");
  names.setAttribute("aria-hidden", "true");
  const ring = element("div", "kfunc-lab-drawn-picked");
  reader.stage.prepend(canvas, names, ring);
  const width = watchWidth(reader.root, lay);

  function showPicked() {
    const { picked } = options;
    const isThere = picked !== null && picked >= 0 && picked < tiles.count;
    setBox(ring, isThere ? boxOfTile(picked) : null);
  }

  function lay() {
    const room = reader.root.clientWidth - 2 * FOCUS_EDGE;
    if (room <= 0) return; // not on the page yet
    layout = layTiles(tiles, room, window.devicePixelRatio || 1);
    width.took(layout.left + layout.width + 2 * FOCUS_EDGE);
    setStyle(reader.stage, {
      width: `${layout.left + layout.width}px`,
      height: `${layout.top + layout.height}px`,
    });
    reader.showWidth(layout.left + layout.width + 2 * FOCUS_EDGE);
    showTiles(canvas, painted, tiles, layout);
    nameAxes(names, tiles, layout);
    showPicked();
    const { rowAxis, colAxis } = tiles;
    const axes = [rowAxis && `↓ ${rowAxis}`, colAxis && `→ ${colAxis}`].filter(Boolean);
    reader.refresh(options.words, tiles.count * sizeOfTile(), axes.join("   "));
  }

  return {
    root: reader.root,
    goOn: width.goOn,
    stop: width.stop,
    show(nextTiles, nextOptions) {
      tiles = { ...nextTiles, filled: filledOf(nextTiles) };
      options = { ...nextOptions, words: nextOptions.words ?? {} };
      numbers = numbersOf(tiles.data);
      painted = paintTiles(tiles, numbers, coloursOf(options.colours, tiles.scale));
      reader.showOdd(painted.odd);
      reader.surface.classList.toggle("pickable", Boolean(options.onPick));
      lay();
    },
  };
}

export function drawScale(host, { colours, low, high, scale, words = {} }) {
  const isNamed = typeof low === "string"; // where each map has a scale of its own
  const ends = isNamed ? [low, high] : endsOf(low, high, scale).map((it) => significant(it, 3));
  const bar = makeScale({
    colours: coloursOf(colours, scale),
    low: ends[0],
    high: ends[1],
    quantity: words.quantity ?? "",
  });
  bar.classList.add("kfunc-lab-drawn-scale");
  host.replaceChildren(bar);
}
