import assert from "node:assert/strict";
import { test } from "node:test";
import { bandPath, epochRange, linePath, valueRange } from "../../kfunc_lab/ui/page/chart.js";
import { clamp, extent, linear, ticksBetween } from "../../kfunc_lab/ui/page/scales.js";

const same = (/** @type {number} */ value) => value;

test("the extent is that of the finite numbers", () => {
  assert.deepEqual(extent([3, Number.NaN, -1, Infinity]), [-1, 3]);
  assert.deepEqual(extent([Number.NaN]), [Infinity, -Infinity]);
});

test("a scale is even, may run backwards, and has a middle", () => {
  const scale = linear([0, 4], 100, 0);
  assert.deepEqual([0, 1, 4].map(scale), [100, 75, 0]);
  assert.equal(linear([2, 2], 10, 20)(2), 15);
  assert.equal(clamp(9, 0, 4), 4);
});

test("ticks are round, inside the range, and about as many as asked for", () => {
  assert.deepEqual(ticksBetween(0, 10, 4), [0, 5, 10]);
  assert.deepEqual(ticksBetween(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticksBetween(3, 3, 4), [3]);
  for (const [low, high] of [
    [0.00123, 0.00456],
    [-7e5, 2e6],
    [12.5, 12.75],
  ]) {
    const ticks = ticksBetween(low, high, 4);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, String(ticks));
    assert.ok(ticks.every((it) => it >= low - 1e-9 && it <= high * (1 + 1e-9)));
  }
});

test("values that are all equal, or none, still have a range", () => {
  const line = { kind: /** @type {const} */ ("training"), x: [1, 2], y: [4, 4] };
  assert.deepEqual(valueRange([line]), [2, 6]);
  assert.deepEqual(valueRange([{ ...line, y: [0] }]), [-0.5, 0.5]);
  assert.deepEqual(valueRange([{ ...line, y: [Number.NaN] }]), [0, 1]);
  assert.deepEqual(valueRange([{ x: [1], percentiles: [[-1], [0], [1], [2], [9]] }]), [-1, 9]);
});

test("of a long run the axis shows only so much as is well filled", () => {
  const upTo = (/** @type {number} */ last) => [{ x: [1, last], percentiles: [] }];
  assert.equal(epochRange(upTo(2), 100), 5);
  assert.equal(epochRange(upTo(40), 100), 60);
  assert.equal(epochRange(upTo(90), 100), 100);
  assert.equal(epochRange(upTo(7), 0), 7);
  assert.equal(epochRange([], 0), 1);
});

test("a line is broken where a value is not finite", () => {
  const path = linePath([0, 1, 2, 3], [5, Number.NaN, 6, 7], same, same);
  assert.equal(path, "M0.0 5.0M2.0 6.0L3.0 7.0");
});

test("a band runs along its upper edge and back along the lower", () => {
  const path = bandPath([0, 1], [1, 2], [3, 4], same, same);
  assert.equal(path, "M0.0 3.0L1.0 4.0L1.0 2.0L0.0 1.0Z");
});

test("a single epoch is as wide as a mark", () => {
  const path = bandPath([10], [1], [3], same, same);
  assert.equal(path, "M6.0 3.0L14.0 3.0L14.0 1.0L6.0 1.0Z");
});
