import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, numbersOf, significant } from "../../kfunc_lab/ui/page/numbers.js";

test("numbers are written as Python writes them", () => {
  const written = [0, 1, 0.5, 1234.25, 123456, 0.00001234, -2.5].map((it) =>
    significant(it, 4),
  );
  assert.deepEqual(written, ["0", "1", "0.5", "1234", "1.235e+05", "1.234e−05", "−2.5"]);
  assert.equal(significant(2, 3, true), "2.00");
  assert.deepEqual(
    [Number.NaN, Infinity, -Infinity].map((it) => significant(it, 3)),
    ["NaN", "∞", "−∞"],
  );
});

test("numbers come as base64, as a view of a buffer, or as a list", () => {
  const floats = Float32Array.of(1.5, -2, 0.25);
  const bytes = new Uint8Array(floats.buffer);
  const shifted = new Uint8Array(13);
  shifted.set(bytes, 1);
  const base64 = btoa(String.fromCharCode(...bytes));
  for (const data of [floats, floats.buffer, base64, new DataView(shifted.buffer, 1)]) {
    assert.deepEqual(numbersOf(data), floats);
  }
  assert.deepEqual([...numbersOf([1, null])], [1, Number.NaN]);
  assert.deepEqual(bytesOf(undefined), new Uint8Array());
});
