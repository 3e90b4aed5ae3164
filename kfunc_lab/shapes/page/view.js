// A table of shapes and costs beside the graph, and below them where the numbers of the selected
// call come from and what if they changed. All that is computed is computed in Python.

import { renderGraph } from "../../graph/view/page/graph.js";
import { makeAsker } from "../../ui/page/ask.js";
import { element } from "../../ui/page/dom.js";
import { defineView, listen } from "../../ui/page/model.js";
import { makePanel } from "./panel.js";
import { ShapeTable } from "./table.js";
import { makeTotals } from "./totals.js";

/** @import { ShapesModel } from "./state.js" */

/** @param {{ model: ShapesModel, el: HTMLElement }} given */
function render({ model, el }) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-view kfunc-lab-shapes");
  const columns = element("div", "kfunc-lab-columns");
  const holder = element("div", "kfunc-lab-holder-of-graph");
  const status = element("span", "kfunc-lab-said-below");
  status.setAttribute("role", "status");
  const say = (/** @type {string} */ text) => {
    status.textContent = text;
  };
  const { ask, answered, isWaiting } = makeAsker(model, status, words.waiting);
  const totals = makeTotals(model, ask);
  const table = new ShapeTable(model);
  const select = (/** @type {string} */ item) => table.select(item);
  const panel = makePanel(model, { status, ask, isWaiting, select });
  columns.append(table.root, holder);
  root.append(totals.root, columns, panel.root);
  el.append(root);
  totals.show();
  table.show();
  panel.show();
  const graph = renderGraph({
    model,
    el: holder,
    isCompact: true,
    overlay: () => overlayOf(model),
    onProblem: say,
  });
  table.showSelected();
  const end = listen(model, {
    "change:_table": () => {
      totals.show();
      table.show();
      panel.show();
    },
    "change:_marks": graph.lay,
    "change:_panel": panel.show,
    "change:_panels": panel.show,
    "change:opened": () => table.show(),
    "change:selected": () => {
      table.showSelected();
      panel.show();
    },
    "msg:custom": (message) => {
      if (message.type === "answered") answered();
      else if (message.type === "code") copy(message.code, root).then(() => say(words.copied));
    },
  });
  return () => {
    graph.end();
    end();
  };
}

/** @param {ShapesModel} model */
function overlayOf(model) {
  const { states = [], sizes = [], counts = [] } = model.get("_marks");
  return {
    marks: new Map(states.map(({ item, state }) => [item, `now-${state}`])),
    sizes: new Map(sizes.map(({ tensor, words }) => [tensor, words])),
    counts: new Map(counts.map(({ item, words }) => [item, words])),
  };
}

/**
 * @param {string} text
 * @param {HTMLElement} root
 */
async function copy(text, root) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages without the right to the clipboard still copy what is selected.
    const area = element("textarea");
    area.value = text;
    root.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export default defineView("shapes", render);
