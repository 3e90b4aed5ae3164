// The graph that grows: docked beside the notebook or in it, following the cell with the cursor.

import { renderGraph } from "../../graph/view/page/graph.js";
import { element, whenShown } from "../../ui/page/dom.js";
import { defineView } from "../../ui/page/model.js";

function numberOfCell(cell) {
  return cell?.querySelector(".jp-InputPrompt")?.textContent.match(/\d+/)?.[0];
}

function renderLive({ model, el }) {
  const words = model.get("_words");
  const holder = element("div");
  const line = element("div", "kfunc-lab-docked");
  const button = element("button", "kfunc-lab-button", words.show_here);
  button.type = "button";
  line.append(element("span", "", words.docked), button);
  line.hidden = true;
  el.append(holder, line);
  const end = renderGraph({ model, el: holder });
  model.send?.({ type: "shown" });

  // -- beside the notebook

  let isDocked = false;
  let isWanted = false;
  function place() {
    const away = model.get("docked") && !isDocked && !isWanted;
    holder.hidden = away;
    line.hidden = !away;
  }
  button.addEventListener("click", () => {
    isWanted = true;
    place();
  });
  whenShown(el, () => {
    isDocked = document.querySelector(".jp-Notebook") !== null && !el.closest(".jp-Notebook");
    el.classList.toggle("beside", isDocked);
    if (!isDocked) return;
    model.set("docked", true);
    model.save_changes();
  });
  model.on("change:docked", place);
  place();

  // -- the cell with the cursor

  let cell;
  function showCell() {
    const calls = new Set(model.get("_cells")?.[cell] ?? []);
    for (const node of holder.querySelectorAll("[data-item]")) {
      node.classList.toggle("of-cell", calls.has(node.dataset.item));
    }
  }
  function onFocus(event) {
    const found = event.target.closest?.(".jp-Notebook .jp-Cell");
    if (!found) return;
    cell = numberOfCell(found);
    showCell();
  }
  document.addEventListener("focusin", onFocus);
  document.addEventListener("click", onFocus);
  model.on("change:_levels", showCell);
  model.on("change:opened", showCell);
  return () => {
    end?.();
    document.removeEventListener("focusin", onFocus);
    document.removeEventListener("click", onFocus);
    model.off("change:docked", place);
    model.off("change:_levels", showCell);
    model.off("change:opened", showCell);
    if (!isDocked) return;
    model.set("docked", false);
    model.save_changes();
  };
}

export default defineView("live", renderLive);
