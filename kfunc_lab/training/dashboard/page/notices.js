// What goes wrong in a run, each with what to do about it.

import { element, withCode } from "../../../ui/page/dom.js";

/** @import { Notice } from "./state.js" */

export function makeNotices() {
  const root = element("ul", "kfunc-lab-notices");
  root.setAttribute("aria-live", "polite");
  root.hidden = true;
  let known = "[]";
  return {
    root,
    /** @param {Notice[]} notices */
    show(notices) {
      const now = JSON.stringify(notices);
      if (now === known) return;
      known = now;
      root.hidden = !notices.length;
      root.replaceChildren(...notices.map(makeNotice));
    },
  };
}

/** @param {Notice} notice */
function makeNotice({ kind, said, advice }) {
  const entry = element("li");
  entry.dataset.kind = kind;
  entry.append(element("strong", "", said), " ", ...withCode(advice));
  return entry;
}
