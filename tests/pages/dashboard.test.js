import assert from "node:assert/strict";
import { test } from "node:test";
import {
  byQuantity,
  readName,
  takePoints,
} from "../../kfunc_lab/training/dashboard/page/lines.js";
import { clock, progressWords } from "../../kfunc_lab/training/dashboard/page/progress.js";
import { bandOf, takeSpreads } from "../../kfunc_lab/training/dashboard/page/spreads.js";

/** @import { Lines } from "../../kfunc_lab/training/dashboard/page/lines.js" */
/** @import { Spreads } from "../../kfunc_lab/training/dashboard/page/spreads.js" */

test("a duration has hours only if it needs them", () => {
  assert.deepEqual([5, 65, 3725].map(clock), ["0:05", "1:05", "1:02:05"]);
});

const words = {
  epoch: "epoch {n} of {total}",
  epoch_of_many: "epoch {n}",
  step: "batch {n} of {total}",
  step_of_many: "batch {n}",
  rate: "{n} batches/s",
  left: "{time} left",
};
const running = {
  ...{ epoch: 2, epochs: 5, step: 3, steps: 16, rate: 12.345, left: 61 },
  ...{ state: "running", words: "", best: "" },
};

test("progress says what is known", () => {
  const said = progressWords(running, words);
  assert.equal(said, "epoch 2 of 5 · batch 3 of 16 · 12.3 batches/s · 1:01 left");
  const open = progressWords(
    { ...running, epochs: 0, steps: 0, rate: null, left: null },
    words,
  );
  assert.equal(open, "epoch 2 · batch 3");
});

test("a run that rests or is over has no time left", () => {
  const paused = progressWords({ ...running, state: "paused" }, words);
  assert.equal(paused, "epoch 2 of 5 · batch 3 of 16 · 12.3 batches/s");
  const over = progressWords({ ...running, state: "stopped", best: "Best epoch: 1." }, words);
  assert.equal(over, "epoch 2 of 5 · batch 3 of 16 · Best epoch: 1.");
});

test("points are added, and those from `first` on replaced", () => {
  /** @type {Lines} */
  const lines = new Map();
  takePoints(lines, { name: "epoch/loss", first: 0 }, Float32Array.of(1, 2, 0.5, 0.25));
  takePoints(lines, { name: "epoch/loss", first: 2 }, Float32Array.of(3, 0.125));
  assert.deepEqual(lines.get("epoch/loss"), { x: [1, 2, 3], y: [0.5, 0.25, 0.125] });
  takePoints(lines, { name: "epoch/loss", first: 0 }, Float32Array.of(2, 8));
  assert.deepEqual(lines.get("epoch/loss"), { x: [2], y: [8] });
});

test("a line's name says what it is of", () => {
  assert.deepEqual(readName("epoch/val_a/b"), { quantity: "a/b", kind: "validation" });
  assert.deepEqual(readName("epoch/loss"), { quantity: "loss", kind: "training" });
  assert.deepEqual(readName("batch/loss"), { quantity: "loss", kind: "batch" });
});

test("lines of one quantity stand together, the loss first", () => {
  /** @type {Lines} */
  const lines = new Map();
  for (const name of ["epoch/accuracy", "epoch/loss", "epoch/val_accuracy", "batch/loss"]) {
    lines.set(name, { x: [1], y: [2] });
  }
  const kinds = byQuantity(lines).map(([name, of]) => [name, of.map((it) => it.kind)]);
  assert.deepEqual(kinds, [
    ["loss", ["training", "batch"]],
    ["accuracy", ["training", "validation"]],
  ]);
});

test("distributions are sorted by epoch, each epoch once", () => {
  const layers = ["a", "b"];
  const five = (/** @type {number} */ first) => [0, 1, 2, 3, 4].map((it) => first + it);
  const nothing = Array(5).fill(Number.NaN);
  /** @type {Spreads} */
  const spreads = new Map();
  const send = (/** @type {number} */ epoch, /** @type {number} */ shift) => {
    const numbers = [five(shift), five(shift + 10), five(shift + 20), nothing].flat();
    takeSpreads(spreads, { columns: [], layers, epochs: [epoch] }, Float32Array.from(numbers));
  };
  send(3, 300);
  send(1, 100);
  send(3, 600);
  assert.deepEqual(bandOf(spreads, "a", "weights")?.x, [1, 3]);
  assert.deepEqual(bandOf(spreads, "a", "results")?.percentiles[4], [114, 614]);
  assert.deepEqual(bandOf(spreads, "b", "weights")?.percentiles[0], [120, 620]);
  assert.equal(bandOf(spreads, "b", "results"), null);
});
