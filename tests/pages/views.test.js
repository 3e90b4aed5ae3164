import assert from "node:assert/strict";
import { test } from "node:test";
import { seenRows } from "../../kfunc_lab/shapes/page/state.js";
import { makeAsker } from "../../kfunc_lab/ui/page/ask.js";
import { listen } from "../../kfunc_lab/ui/page/model.js";
import { filled } from "../../kfunc_lab/ui/page/words.js";
import { changedBy } from "../../kfunc_lab/watch/page/steps.js";

test("only the rows of open groups are seen", () => {
  const row = (item, depth, group = false) => ({ item, depth, group });
  const rows = [row("a", 0), row("g", 0, true), row("h", 1, true), row("b", 2), row("c", 0)];
  const seen = (...open) => seenRows(rows, new Set(open)).map((it) => it.row.item + +it.isOpen);
  assert.deepEqual(seen(), ["a0", "g0", "c0"]);
  assert.deepEqual(seen("g"), ["a0", "g1", "h0", "c0"]);
  assert.deepEqual(seen("g", "h"), ["a0", "g1", "h1", "b0", "c0"]);
  assert.deepEqual(seen("h"), ["a0", "g0", "c0"]);
});

test("a step changes what looks different, and what is new", () => {
  const before = { seen: ["a", "b"], items: [{ id: "a", svg: "x" }] };
  const step = { seen: ["c", "a", "b"], items: [{ id: "b", svg: "y" }] };
  assert.deepEqual(changedBy(step, before), ["a", "b", "c"]);
  assert.deepEqual(changedBy(before, undefined), ["a", "b"]);
  assert.deepEqual(changedBy(before, before), []);
});

test("places are filled once", () => {
  assert.equal(filled("{name} of {n}, {more}", { name: "{n}", n: 2 }), "{n} of 2, ");
});

test("of several questions that wait only the last is asked", () => {
  const asked = [];
  const model = { send: (question) => asked.push(question) };
  const status = { textContent: "" };
  const { ask, answered, isWaiting } = makeAsker(model, status, "…");
  for (const number of [1, 2, 3]) ask(number);
  assert.deepEqual([asked, isWaiting()], [[1], true]);
  answered();
  assert.deepEqual([asked, isWaiting()], [[1, 3], true]);
  answered();
  assert.deepEqual([asked, isWaiting()], [[1, 3], false]);
});

test("a kernel that takes long is said to be busy", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const status = { textContent: "before" };
  const { ask, answered } = makeAsker({ send() {} }, status, "busy");
  ask({});
  assert.equal(status.textContent, "");
  context.mock.timers.tick(1500);
  assert.equal(status.textContent, "busy");
  answered();
  assert.equal(status.textContent, "");
});

test("a page without a kernel asks nothing", () => {
  const { ask, isWaiting } = makeAsker({}, {}, "");
  ask({});
  assert.equal(isWaiting(), false);
});

test("a view that has ended hears nothing more", () => {
  const heard = new Map();
  const model = {
    on: (event, listener) => heard.set(event, listener),
    off: (event, listener) => heard.get(event) === listener && heard.delete(event),
  };
  const end = listen(model, { "change:a": () => {}, "change:b": () => {} });
  assert.deepEqual([...heard.keys()], ["change:a", "change:b"]);
  end();
  assert.equal(heard.size, 0);
});
