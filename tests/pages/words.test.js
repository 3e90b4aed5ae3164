import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "../../kfunc_lab/ui/page/dom.js";

const said = (text) => partsOf(text).map((part) => (part.isCode ? [part.text] : part.text));

test("what stands between backticks is code, with all its stars", () => {
  assert.deepEqual(said("Pass `**kwargs` to `f(*a, **k)`."), [
    "Pass ",
    ["**kwargs"],
    " to ",
    ["f(*a, **k)"],
    ".",
  ]);
  assert.deepEqual(said("`a``b`"), [["a``b"]]);
  assert.deepEqual(said("``a`b`` c"), [["a`b"], " c"]);
});

test("a backtick alone is no code", () => {
  assert.deepEqual(said("it`s *so*"), ["it`s *so*"]);
  assert.deepEqual(said(""), []);
});
