// The head of the view: totals, the batch, the sizes that the model leaves open, the changes.

import { fieldOf, textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { share } from "../../ui/page/model.js";
import { filled } from "../../ui/page/words.js";

/** @import { Ask, ShapesModel, Table } from "./state.js" */

/**
 * @param {ShapesModel} model
 * @param {Ask} ask
 */
export function makeTotals(model, ask) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-sums");
  const heading = element("strong", "kfunc-lab-model");
  const fields = element("div", "kfunc-lab-fields");
  const changes = element("div", "kfunc-lab-changes");
  const totals = element("dl", "kfunc-lab-totals");
  root.append(heading, fields, totals);

  const batch = fieldOf(words.batch, (value) => {
    const count = Number(value);
    if (Number.isInteger(count) && count > 0) share(model, "batch_size", count);
    else batch.show(String(model.get("batch_size")));
  });
  const sizes = model.get("_table").sizes.map(({ item, axis, label }) => {
    const change = (/** @type {string} */ value) =>
      ask({ type: "change", item, name: axis, value });
    const field = fieldOf(label, change);
    field.input.placeholder = words.not_fixed;
    return field;
  });
  for (const { input } of [batch, ...sizes]) input.inputMode = "numeric";
  if (model.send) fields.append(batch, ...sizes, changes);

  return {
    root,
    show() {
      const table = model.get("_table");
      heading.textContent = model.get("_title");
      totals.replaceChildren(...table.totals.map((total) => totalOf(total, words)));
      batch.show(String(model.get("batch_size")));
      table.sizes.forEach(({ value }, at) => {
        sizes[at]?.show(value);
      });
      changes.hidden = !table.changes;
      changes.replaceChildren(...changesOf(table, words, ask));
    },
  };
}

/**
 * @param {Table["totals"][number]} total
 * @param {Record<string, string>} words
 */
function totalOf({ label, value, was }, words) {
  const group = element("div");
  const number = element("dd", was === null ? "" : "changed", value);
  // The line is always there, so that nothing moves while a slider is dragged.
  const before = was === null ? " " : filled(words.was, { value: was });
  number.append(element("small", "", before));
  group.append(element("dt", "", label), number);
  return group;
}

/**
 * @param {Table} table
 * @param {Record<string, string>} words
 * @param {Ask} ask
 */
function changesOf({ changes, code }, words, ask) {
  const count = changes === 1 ? words.changes_one : filled(words.changes, { n: changes });
  return [
    element("span", "kfunc-lab-count-of-changes", count),
    textButton(words.reset_all, () => ask({ type: "reset" })),
    ...(code ? [textButton(words.copy_code, () => ask({ type: "code" }))] : []),
  ];
}
