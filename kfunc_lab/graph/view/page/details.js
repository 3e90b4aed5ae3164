// What stands around the picture: the details of the selected item, the legend, the scale.

import { textButton } from "../../../ui/page/controls.js";
import { element, parseSvg, svgElement } from "../../../ui/page/dom.js";

/** @import { GraphState, Item, Scale } from "./state.js" */

/**
 * @param {Record<string, string>} words
 */
export function makeDetails(words) {
  const root = element("div", "kfunc-lab-details");
  root.setAttribute("role", "region");
  root.setAttribute("aria-live", "polite");
  root.setAttribute("aria-label", words.details);
  root.tabIndex = 0;
  return {
    root,
    /**
     * @param {Item | undefined} item
     * @param {boolean} isOpen
     * @param {() => void} onToggle
     */
    show(item, isOpen, onToggle) {
      if (!item) {
        const said = [words.empty, words.keys];
        root.replaceChildren(...said.map((text) => element("p", "kfunc-lab-empty", text)));
        return;
      }
      const heading = element("div", "kfunc-lab-heading");
      heading.append(element("strong", "", item.name), element("span", "", item.kind));
      root.replaceChildren(heading);
      if (item.group) root.append(textButton(isOpen ? words.close : words.open, onToggle));
      const list = element("dl");
      for (const { label, value } of item.details ?? []) {
        list.append(element("dt", "", label), element("dd", "", value));
      }
      root.append(list);
    },
  };
}

/** @param {GraphState["_legend"]} signs */
export function makeLegend(signs) {
  const legend = element("ul", "kfunc-lab-legend");
  for (const { sign, words } of signs) {
    const entry = element("li");
    const drawn = svgElement("svg", {
      class: "kfunc-lab-drawing",
      width: 12,
      height: 12,
      viewBox: "0 -6 12 12",
      "aria-hidden": "true",
    });
    drawn.append(...parseSvg(sign));
    entry.append(drawn, element("span", "", words));
    legend.append(entry);
  }
  return legend;
}

/** @param {Scale} scale */
export function makeScale({ low, high, colours, quantity }) {
  const bar = element("div", "kfunc-lab-scale");
  const strip = element("span", "kfunc-lab-colours");
  strip.style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
  bar.append(
    element("span", "", low),
    strip,
    element("span", "", high),
    element("span", "", quantity),
  );
  return bar;
}
