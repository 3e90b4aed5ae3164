// Statistics of the whole batch.

import { element } from "../../ui/page/dom.js";
import { drawHistogram } from "./histogram.js";

/** @import { Panel, Words } from "./state.js" */

/** @param {Words} words */
export function makeFacts(words) {
  const root = element("div", "kfunc-lab-facts");
  const list = element("dl");
  const histogram = element("div", "kfunc-lab-histogram-host");
  const dead = element("p", "kfunc-lab-empty");
  root.append(element("h4", "", words.over_the_batch), list, histogram, dead);
  let known = "";
  return {
    root,
    /** @param {Panel["statistics"]} statistics */
    show(statistics) {
      root.hidden = !statistics.rows;
      const now = JSON.stringify(statistics);
      if (now === known || !statistics.rows) return;
      known = now;
      list.replaceChildren(...statistics.rows.map(pair));
      drawHistogram(histogram, statistics.histogram, words);
      dead.textContent = statistics.dead;
      dead.hidden = !statistics.dead;
    },
  };
}

/** @param {{ label: string, value: string }} row */
function pair({ label, value }) {
  const made = element("div");
  made.append(element("dt", "", label), element("dd", "", value));
  return made;
}
