// All calls at a glance, each with a small picture.

import { element } from "../../ui/page/dom.js";
import { thumbnailCanvas } from "./pixels.js";

/** @import { Card, Colours, Context } from "./state.js" */

/** @param {Context} context */
export function makeCards({ model, words, colours, set }) {
  const root = element("div", "kfunc-lab-cards");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", words.all_calls);
  root.tabIndex = 0;
  /** @type {Map<string, HTMLButtonElement>} */
  let cards = new Map();
  return {
    root,
    show() {
      const focused = [...cards].find(([, card]) => card === document.activeElement)?.[0];
      cards = new Map(
        model.get("_cards").map((card) => {
          const button = makeCard(card, colours);
          button.addEventListener("click", () => set("selected", card.item));
          return [card.item, button];
        }),
      );
      root.replaceChildren(...cards.values());
      if (focused !== undefined) cards.get(focused)?.focus();
    },
  };
}

/**
 * @param {Card} card
 * @param {Colours} colours
 */
function makeCard({ item, name, path, kind, shape, picture }, colours) {
  const card = element("button", "kfunc-lab-card");
  card.type = "button";
  card.dataset.card = item;
  card.title = `${path} (${kind})`;
  const frame = element("span", "kfunc-lab-card-picture");
  if (picture) frame.append(thumbnailCanvas(picture, colours, 76));
  card.append(
    frame,
    element("strong", "", name),
    element("span", "", kind),
    element("span", "", shape),
  );
  return card;
}
