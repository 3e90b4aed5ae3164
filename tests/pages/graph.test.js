import assert from "node:assert/strict";
import { test } from "node:test";
import { compose } from "../../kfunc_lab/graph/view/page/composition.js";
import { crosses, pointAt } from "../../kfunc_lab/graph/view/page/curves.js";
import { neighbour, seenEnds } from "../../kfunc_lab/graph/view/page/neighbours.js";
import { partOf } from "../../kfunc_lab/graph/view/page/part.js";
import { ancestors, pinned, readContent } from "../../kfunc_lab/graph/view/page/state.js";
import { Stretch, stretched } from "../../kfunc_lab/graph/view/page/stretching.js";
import { searchable } from "../../kfunc_lab/graph/view/page/toolbar.js";
import { beyond } from "../../kfunc_lab/graph/view/page/zoom.js";

test("a stretch grows the spans that lack room, and moves what is behind them", () => {
  const stretch = new Stretch([
    [10, 20, 10],
    [40, 50, 5],
  ]);
  const places = [0, 10, 15, 20, 30, 40, 50, 60];
  const moved = places.map((it) => stretch.to(it));
  assert.deepEqual(moved, [0, 10, 20, 30, 40, 50, 65, 75]);
  assert.deepEqual(
    moved.map((it) => stretch.from(it)),
    places,
  );
});

test("spans that lie over one another share the room", () => {
  const stretch = new Stretch([
    [0, 10, 10],
    [0, 10, 20],
  ]);
  assert.equal(stretch.to(10), 30);
});

test("without a lack everything stays", () => {
  assert.equal(new Stretch([]).to(7), 7);
});

test("a line passes an open group as it passed the folded one", () => {
  // The group between 10 and 20 grows to between 10 and 110.
  const stretch = new Stretch([[10, 20, 90]]);
  const line = [0, 0, 3, 8, 6, 9, 9, 9];
  assert.deepEqual(
    stretched(
      line,
      [
        { x: 0, y: 0 },
        { x: 9, y: 9 },
      ],
      [stretch, stretch],
    ),
    line,
  );
  const past = [0, 21, 5, 21, 15, 21, 30, 21];
  const moved = stretched(
    past,
    [
      { x: 0, y: 111 },
      { x: 120, y: 111 },
    ],
    [stretch, stretch],
  );
  const ys = moved.filter((_value, place) => place % 2);
  assert.ok(ys.every((y) => Math.abs(y - 111) < 1e-9));
  for (let at = 0; at + 8 <= moved.length; at += 6) {
    assert.ok(!crosses(moved.slice(at, at + 8), [10, 10, 110, 110]));
  }
});

test("a point of Bézier curves that follow one another", () => {
  const points = [0, 0, 1, 0, 2, 0, 3, 0, 3, 1, 3, 2, 3, 3];
  assert.deepEqual(pointAt(points, 0), { x: 0, y: 0 });
  assert.deepEqual(pointAt(points, 1), { x: 3, y: 0 });
  assert.deepEqual(pointAt(points, 1.5), { x: 3, y: 1.5 });
  assert.deepEqual(pointAt(points, 2), { x: 3, y: 3 });
});

const box = (id, more) => ({ id, width: 60, height: 20, margin: 0, order: 0, ...more });
const line = (source, target, from, points) => ({
  source,
  target,
  from,
  tensor: `${from}:0`,
  takers: [],
  kind: "",
  points,
});

// input -> block (inner) -> output
const CONTENT = readContent(
  [
    box("in", { pins: ["x"] }),
    box("block", { group: true, titleWidth: 50, pins: [] }),
    box("inner", { parent: "block", pins: ["y", "z"] }),
    box("out"),
  ],
  [
    {
      group: "",
      width: 60,
      height: 140,
      places: [
        { id: "in", x: 30, y: 10 },
        { id: "block", x: 30, y: 70 },
        { id: "out", x: 30, y: 130 },
      ],
      lines: [
        line("in", "block", "in", [30, 20, 30, 30, 30, 50, 30, 60]),
        line("block", "out", "inner", [30, 80, 30, 90, 30, 110, 30, 120]),
      ],
      entries: [],
      exits: [],
    },
    {
      group: "block",
      width: 200,
      height: 60,
      places: [{ id: "inner", x: 100, y: 30 }],
      lines: [
        line(null, "inner", "in", [100, 0, 100, 5, 100, 15, 100, 20]),
        line("inner", null, "inner", [100, 40, 100, 45, 100, 55, 100, 60]),
      ],
      entries: [{ tensor: "in:0", x: 100 }],
      exits: [{ tensor: "inner:0", x: 100 }],
    },
  ],
);

test("a folded group is a box", () => {
  const picture = compose(CONTENT, new Set());
  assert.deepEqual([picture.width, picture.height], [80, 160]);
  assert.deepEqual(
    picture.boxes.map(({ id, x, y }) => [id, x, y]),
    [
      ["in", 40, 20],
      ["block", 40, 80],
      ["out", 40, 140],
    ],
  );
  assert.deepEqual(picture.frames, []);
});

test("an open group is a frame around what it holds, and makes room for itself", () => {
  const picture = compose(CONTENT, new Set(["block"]));
  const [frame] = picture.frames;
  assert.deepEqual([frame.width, frame.height], [220, 104]); // margins, and a title
  const boxes = new Map(picture.boxes.map((it) => [it.id, it]));
  assert.deepEqual([...boxes.keys()], ["in", "inner", "out"]);
  assert.ok(boxes.get("in").y + 10 < frame.y);
  assert.ok(frame.y + frame.height < boxes.get("out").y - 10);
  assert.equal(boxes.get("inner").x, frame.x + 110);
  // What enters and leaves meets at the border.
  const [into, outOf, enters, leaves] = ["in:", "inner:", "in:block", "inner:block"].map(
    (key) => picture.curves.find((it) => `${it.line.from}:${it.group}` === key),
  );
  assert.deepEqual(into.points.slice(-2), enters.points.slice(0, 2));
  assert.deepEqual(leaves.points.slice(-2), outOf.points.slice(0, 2));
  assert.deepEqual([into.arrow, enters.arrow, leaves.arrow], [false, true, false]);
});

test("arrow keys follow a line through the borders of open groups", () => {
  const folded = compose(CONTENT, new Set()).curves;
  const open = compose(CONTENT, new Set(["block"])).curves;
  assert.deepEqual(seenEnds(folded, "in", true), ["block"]);
  assert.deepEqual(seenEnds(open, "in", true), ["inner"]);
  assert.deepEqual(seenEnds(open, "inner", true), ["out"]);
  assert.deepEqual(seenEnds(open, "out", false), ["inner"]);
  assert.deepEqual(seenEnds(open, "inner", false), ["in"]);
});

test("a layer may have the name of a property", () => {
  const { items } = readContent([box("__proto__", { parent: "block" }), box("block")], []);
  assert.deepEqual(ancestors(items, "__proto__"), ["block"]);
  assert.deepEqual(ancestors(items, "constructor"), []);
});

test("each variable has its item", () => {
  assert.deepEqual(
    [...pinned(CONTENT.items)],
    [
      ["x", "in"],
      ["y", "inner"],
      ["z", "inner"],
    ],
  );
});

test("a search sees neither case, nor spaces, nor which sign stands between sizes", () => {
  assert.equal(searchable("28 × 28 × Conv"), "28x28xconv");
});

test("a span moves no further than it must", () => {
  assert.equal(beyond(50, 60, 0, 100), 0);
  assert.equal(beyond(5, 15, 0, 100), -11);
  assert.equal(beyond(95, 105, 0, 100), 21);
});

test("only a part of a large picture is drawn, and what is selected", () => {
  const picture = compose(CONTENT, new Set());
  const places = new Map(
    picture.boxes.map(({ id, x, y }) => [
      id,
      { x: x - 30, y: y - 10, width: 60, height: 20, isOpen: false },
    ]),
  );
  const ids = (part) => part.boxes.map(({ id }) => id);
  assert.deepEqual(ids(partOf(picture, places, [0, 0, 80, 40], "")), ["in"]);
  assert.deepEqual(ids(partOf(picture, places, [0, 0, 80, 40], "out")), ["in", "out"]);
  assert.equal(partOf(picture, places, [0, 0, 80, 20], "").curves.length, 0);
  assert.equal(partOf(picture, places, [0, 0, 80, 160], "").curves.length, 2);
});

test("arrow keys lead along the lines, down or to the right", () => {
  const { curves, boxes } = compose(CONTENT, new Set());
  const places = new Map(
    boxes.map(({ id, x, y }) => [id, { x, y, width: 60, height: 20, isOpen: false }]),
  );
  const ordered = ["in", "block", "out"];
  const to = (key, isToRight) =>
    neighbour(key, "block", { places, curves, isToRight }, ordered);
  assert.deepEqual([to("ArrowDown", false), to("ArrowUp", false)], ["out", "in"]);
  assert.deepEqual([to("ArrowRight", true), to("ArrowLeft", true)], ["out", "in"]);
  assert.equal(to("ArrowRight", false), "block");
});
