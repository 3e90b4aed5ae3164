// Where the numbers of the selected call come from, and what if its settings changed.

import { textButton } from "../../ui/page/controls.js";
import { element, parseHtml } from "../../ui/page/dom.js";
import { makeKnobs } from "./knobs.js";

/** @import { Ask, Panel, ShapesModel, Table } from "./state.js" */

/**
 * @param {ShapesModel} model
 * @param {{ status: HTMLElement, ask: Ask, isWaiting: () => boolean,
 *   select: (item: string) => void }} given
 */
export function makePanel(model, { status, ask, isWaiting, select }) {
  const words = model.get("_words");
  const isLive = Boolean(model.send);
  const root = element("div", "kfunc-lab-panel");
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", words.where_from);
  root.tabIndex = 0;
  const title = element("div", "kfunc-lab-heading");
  const reasons = element("div", "kfunc-lab-derivation");
  reasons.setAttribute("aria-live", "polite");
  const knobs = makeKnobs(words, ask, isWaiting);
  const empty = element("p", "kfunc-lab-empty");
  root.append(empty, title, reasons, knobs.root, status);

  /**
   * Says which call does not fit, and leads to it.
   *
   * @param {Table["problem"]} problem
   */
  function problemLines(problem) {
    if (!problem) return [];
    const line = element("p", "kfunc-lab-elsewhere");
    const link = textButton(problem.name, () => select(problem.item));
    line.append(link, ` ${words.wrong}: ${problem.reason}`);
    return [line];
  }

  /** @param {string} item */
  function panelOf(item) {
    const { changes } = model.get("_table");
    const now = model.get("_panel");
    if (isLive && (now.item === item || changes)) return now;
    return model.get("_panels").find((panel) => panel.item === item) ?? now;
  }

  /** @param {Panel} panel */
  function showReasons(panel) {
    const elsewhere = problemLines(model.get("_table").problem);
    reasons.replaceChildren(...parseHtml(panel.html ?? ""));
    if (panel.problem) reasons.append(clashOf(panel.problem));
    else if (panel.waits) reasons.append(element("p", "", panel.waits), ...elsewhere);
    else reasons.prepend(...elsewhere);
    if (panel.figure) reasons.querySelector("section")?.after(...parseHtml(panel.figure));
  }

  return {
    root,
    show() {
      const selected = model.get("selected");
      const panel = panelOf(selected);
      // Until the kernel has answered, what was said before stays, so that nothing jumps.
      const isLate = isLive && selected !== "" && panel.item !== selected;
      root.classList.toggle("late", isLate);
      if (isLate) return;
      const isKnown = panel.name !== undefined;
      empty.hidden = isKnown;
      title.hidden = reasons.hidden = !isKnown;
      knobs.root.hidden = !isKnown || !isLive;
      if (isKnown) {
        title.replaceChildren(
          element("strong", "", panel.name),
          element("span", "", panel.kind),
        );
        showReasons(panel);
      } else {
        const [line] = problemLines(model.get("_table").problem);
        empty.replaceChildren(line ?? words.empty_panel);
      }
      if (isLive) knobs.show(panel);
    },
  };
}

/** @param {NonNullable<Panel["problem"]>} problem */
function clashOf({ reason, arithmetic, met }) {
  const line = element("div", "kfunc-lab-problem");
  line.append(element("strong", "", `✗ ${reason}`));
  if (arithmetic) line.append(element("span", "kfunc-lab-clash", arithmetic));
  line.append(element("span", "kfunc-lab-met", met));
  return line;
}
