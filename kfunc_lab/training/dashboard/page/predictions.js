// What a classifier takes for what: a picture that Python drew, and escaped.

import { element, parseSvg } from "../../../ui/page/dom.js";

/** @import { PicturePart } from "./state.js" */

export function makePredictions() {
  const root = element("div", "kfunc-lab-predictions");
  root.hidden = true;
  let picture = "";

  /** @param {string} whole */
  function show(whole) {
    root.hidden = !whole;
    if (whole) root.replaceChildren(...parseSvg(whole));
  }

  return {
    root,
    show,
    /** @param {PicturePart} piece */
    take({ part, first, more }) {
      picture = first ? part : picture + part;
      if (!more) show(picture);
    },
  };
}
