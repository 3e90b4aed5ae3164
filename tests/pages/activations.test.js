import assert from "node:assert/strict";
import { test } from "node:test";
import {
  barShares,
  columnsPath,
  layColumns,
  rangeOf,
  stepInColumns,
} from "../../kfunc_lab/activations/page/bar_layout.js";
import {
  colourBetween,
  endsOf,
  lookupTable,
  paintNumbers,
} from "../../kfunc_lab/activations/page/colours.js";
import { enlarged, greyOf } from "../../kfunc_lab/activations/page/heat.js";
import { ticksOf } from "../../kfunc_lab/activations/page/histogram.js";
import { meanInk, pointsBetween } from "../../kfunc_lab/activations/page/ink.js";
import { pixelsOf } from "../../kfunc_lab/activations/page/pixels.js";
import { placeNames } from "../../kfunc_lab/activations/page/points.js";
import { stepInGrid } from "../../kfunc_lab/activations/page/reader.js";
import {
  percentWords,
  placeWords,
  readout,
} from "../../kfunc_lab/activations/page/readouts.js";
import {
  boxOfCell,
  boxOfTile,
  cellAt,
  layTiles,
  stepInTiles,
  wholeDots,
} from "../../kfunc_lab/activations/page/tile_layout.js";

// -- words

test("a part of a readout of which nothing is left goes", () => {
  const template = "{label} · row {row}, column {column} · {value}";
  const values = { row: 1, column: 2, value: "{row}" };
  assert.equal(
    readout(template, { ...values, label: "map 0" }),
    "map 0 · row 1, column 2 · {row}",
  );
  assert.equal(readout(template, values), "row 1, column 2 · {row}");
});

test("small shares have no more than three decimals", () => {
  const said = [0.925, 1, 0.00196, 0.0000012, 0, -0.002].map((it) => percentWords(it, "{n} %"));
  assert.deepEqual(said, ["92.5 %", "100 %", "0.196 %", "<0.001 %", "0 %", "−0.200 %"]);
  assert.equal(percentWords(Number.NaN, "{n} %"), "NaN");
});

test("a place names all that was put together in it", () => {
  assert.equal(placeWords(3, 1), "3");
  assert.equal(placeWords(1, 2.5), "2–4");
});

// -- colours

test("colours lie evenly between those of the scale", () => {
  const colours = ["#000000", "#102030", "#ffffff"];
  assert.equal(colourBetween(colours, 0.5), 0xff302010);
  assert.equal(colourBetween(colours, 1), 0xffffffff);
  assert.equal(lookupTable(colours).length, 256);
  assert.equal(lookupTable(colours), lookupTable([...colours]));
});

test("zero is the middle of a scale that diverges", () => {
  assert.deepEqual(endsOf(-1, 3, "diverging"), [-3, 3]);
  assert.deepEqual(endsOf(-1, 3, "sequential"), [-1, 3]);
});

test("numbers get the colour nearest to them; what is not finite stays clear", () => {
  const table = Uint32Array.from({ length: 256 }, (_, at) => at + 1);
  const pixels = new Uint32Array(6);
  const numbers = Float32Array.of(-5, 0, 0.5, 1, 9, Number.NaN);
  assert.deepEqual(
    paintNumbers(pixels, numbers, table, [0, 1], (at) => at),
    [5],
  );
  assert.deepEqual([...pixels], [1, 1, 129, 256, 256, 0]);
});

test("pixels are laid in memory as alpha, blue, green, red", () => {
  const grey = { rows: 1, cols: 2, channels: 1, data: Uint8Array.of(0, 0x80) };
  assert.deepEqual([...pixelsOf(grey)], [0xff000000, 0xff808080]);
  const colour = { rows: 1, cols: 1, channels: 3, data: Uint8Array.of(1, 2, 3) };
  assert.deepEqual([...pixelsOf(colour)], [0xff030201]);
  assert.deepEqual([...greyOf({ ...colour, data: Uint8Array.of(255, 255, 255) })], [255]);
});

test("a heat map is enlarged between the middles of its cells", () => {
  const heat = { rows: 1, cols: 2 };
  assert.deepEqual([...enlarged(heat, Float32Array.of(0, 4), 1, 4)], [0, 1, 3, 4]);
  assert.deepEqual([...enlarged({ rows: 1, cols: 1 }, Float32Array.of(7), 2, 2)], [7, 7, 7, 7]);
});

// -- bars

test("zero is always in the range of bars", () => {
  assert.deepEqual(rangeOf([2, 5], false), [0, 5]);
  assert.deepEqual(rangeOf([-2, -1, Number.NaN], false), [-2, 0]);
  assert.deepEqual(rangeOf([0, 0], false), [0, 1]);
  assert.deepEqual(rangeOf([0.2], true), [0, 1]);
});

test("a bar begins at zero", () => {
  assert.deepEqual(barShares(3, [-1, 3]), { left: 0.25, length: 0.75 });
  assert.deepEqual(barShares(-1, [-1, 3]), { left: 0, length: 0.25 });
  assert.deepEqual(barShares(Number.NaN, [-1, 3]), { left: 0.25, length: 0 });
  assert.deepEqual(barShares(9, [0, 1]), { left: 0, length: 1 });
});

test("of several columns in one pixel the lowest and the highest are seen", () => {
  const values = Array.from({ length: 1000 }, (_, at) =>
    at === 333 ? 5 : at === 334 ? -5 : 0,
  );
  const columns = layColumns(values, [-5, 5], 152);
  assert.equal(columns.room, 100);
  assert.equal(columnsPath(columns).match(/M/g)?.length, 2);
  assert.equal(columns.heightOf(5), 8);
  assert.equal(columns.heightOf(-5), 119);
});

test("a few columns are no planks", () => {
  assert.equal(layColumns([1, 2], [0, 2], 800).room, 48);
});

test("keys lead from column to column and stop at the ends", () => {
  const to = (/** @type {string} */ key) => stepInColumns(5, key, 30);
  assert.deepEqual(["ArrowRight", "PageDown", "End", "x"].map(to), [6, 0, 29, undefined]);
});

// -- a histogram

test("zero is a tick where it lies between the ends", () => {
  const ticks = ticksOf({ low: -1, width: 1, counts: [1, 2, 3, 4] });
  assert.deepEqual(ticks, [
    { share: 0, value: -1 },
    { share: 0.25, value: 0 },
    { share: 1, value: 3 },
  ]);
  assert.deepEqual(ticksOf({ low: 2, width: 0, counts: [5] }), [{ share: 0.5, value: 2 }]);
});

// -- points

test("names keep off points, edges and one another", () => {
  /** @type {[number, number][]} */
  const points = [
    [50, 50],
    [52, 52],
    [290, 50],
  ];
  const names = placeNames(points, ["one", "two", "a name that is far too long"], 300, 100);
  assert.equal(names.length, 3);
  assert.equal(names[2].text, "a name that i…");
  assert.ok(names[2].x < 290, "at the left, as there is no room at the right");
  assert.deepEqual(placeNames([[5, 5]], ["no room at all"], 12, 12), []);
});

// -- tiles

const mosaic = { count: 16, rows: 26, cols: 26, filled: 676 };

test("cells are whole dots where that costs little room", () => {
  assert.equal(wholeDots(10.4, 1), 10);
  assert.equal(wholeDots(1.4, 2), 1.4);
});

test("a mosaic fits its room, and its lines are as even as can be", () => {
  for (const room of [120, 300, 640, 1200]) {
    const { width, across } = layTiles(mosaic, room, 2);
    assert.ok(width <= room, `${width} in ${room}`);
    const lines = Math.ceil(mosaic.count / across);
    assert.ok((across - 1) * lines < mosaic.count);
  }
});

test("every cell is found at the middle of its box", () => {
  for (const grid of [mosaic, { count: 1, rows: 3, cols: 7, filled: 21 }]) {
    const layout = layTiles(grid, 500, 1);
    for (let cell = 0; cell < grid.count * grid.rows * grid.cols; cell += 13) {
      const { x, y, width, height } = boxOfCell(grid, layout, cell);
      assert.equal(cellAt(grid, layout, x + width / 2, y + height / 2), cell);
    }
  }
});

test("there is no cell in the gaps, outside, and where no number is", () => {
  const layout = layTiles(mosaic, 500, 1);
  const { width, height } = boxOfTile(layout, 0);
  assert.equal(cellAt(mosaic, layout, width + 1, 5), null);
  assert.equal(cellAt(mosaic, layout, 5, height + 1), null);
  assert.equal(cellAt(mosaic, layout, -1, 5), null);
  const vector = { count: 1, rows: 2, cols: 5, filled: 8 };
  const lines = layTiles(vector, 300, 1);
  const last = boxOfCell(vector, lines, 9);
  assert.equal(cellAt(vector, lines, last.x + 1, last.y + 1), null);
});

test("keys lead from tile to tile at one place, with Shift from cell to cell", () => {
  const layout = layTiles(mosaic, 500, 1);
  const to = (/** @type {string} */ key, isFine = false) =>
    stepInTiles(mosaic, layout, 100, key, isFine);
  assert.equal(to("ArrowRight"), 676 + 100);
  assert.equal(to("ArrowDown"), layout.across * 676 + 100);
  assert.equal(to("ArrowLeft"), 100);
  assert.equal(to("End"), 15 * 676 + 100);
  assert.equal(to("ArrowRight", true), 101);
  assert.equal(to("x"), undefined);
});

test("in a grid keys stop at the edges and before cells that are not filled", () => {
  assert.equal(stepInGrid(4, "ArrowRight", 2, 5), 4);
  assert.equal(stepInGrid(2, "ArrowDown", 2, 5, 7), 2);
  assert.equal(stepInGrid(1, "ArrowDown", 2, 5, 7), 6);
  assert.equal(stepInGrid(3, "End", 2, 5), 4);
});

// -- the pad

test("the ink of a cell is the mean of its dots", () => {
  const dots = new Uint8ClampedArray(4 * 16).fill(0); // 2 × 2 cells of 2 × 2 dots
  for (const at of [0, 1, 4, 5]) dots[4 * at + 3] = 255;
  dots[4 * 15 + 3] = 255;
  assert.deepEqual([...meanInk(dots, 2, 2)], [255, 0, 0, 64]);
});

test("a line is dabbed closely, and ends where it should", () => {
  const points = pointsBetween({ x: 0, y: 0 }, { x: 0.6, y: 0.8 });
  assert.equal(points.length, 72);
  assert.deepEqual(points[points.length - 1], { x: 0.6, y: 0.8 });
  assert.deepEqual(pointsBetween({ x: 1, y: 1 }, { x: 1, y: 1 }), [{ x: 1, y: 1 }]);
});
