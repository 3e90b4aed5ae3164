// The selected call: its values as a picture, one map enlarged, statistics of the batch.

import {
  checkOf,
  choiceOf,
  pagerOf,
  segmentsOf,
  sliderOf,
  textButton,
} from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { makeFacts } from "./facts.js";
import { isStack, makePicture } from "./picture.js";
import { makeUnit } from "./unit.js";

/** @import { Choices } from "../../ui/page/controls.js" */
/** @import { Context, Panel, Picture } from "./state.js" */

const MAPS_AT_ONCE = 128;

/**
 * @param {Context} context
 * @param {object} actions
 * @param {() => void} actions.onBack
 * @param {(sample: number) => void} actions.onSample
 */
export function makeCall(context, { onBack, onSample }) {
  const { model, words, live } = context;
  const root = element("div", "kfunc-lab-call");
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", words.selected_call);
  root.tabIndex = 0;
  const heading = element("div", "kfunc-lab-heading");
  const name = element("strong");
  const kind = element("span");
  heading.append(textButton(`‹ ${words.all_calls}`, onBack), name, kind);
  const controls = makeControls(context);
  const state = element("p", "kfunc-lab-state");
  const nothing = element("p", "kfunc-lab-empty");
  const picture = makePicture(context);
  const unit = makeUnit(context, onSample);
  const facts = makeFacts(words);
  root.append(heading, controls.root, state, nothing);
  root.append(...picture.parts, unit.root, facts.root);

  /** @param {string} item */
  function panelOf(item) {
    const panel = model.get("_panel");
    if (live && panel.item === item) return panel;
    return model.get("_panels").find((it) => it.item === item) ?? panel;
  }

  return {
    root,
    show() {
      const selected = model.get("selected");
      const panel = panelOf(selected);
      // Until the kernel has answered, what was said before stays, so that nothing jumps.
      root.classList.toggle("late", live && selected !== "" && panel.item !== selected);
      if (selected === "" || panel.item !== selected) return;
      const { shown } = panel;
      name.textContent = panel.path ?? "";
      kind.textContent = [panel.kind, panel.shape].filter(Boolean).join(" · ");
      nothing.hidden = shown !== undefined;
      nothing.textContent = panel.empty ?? "";
      state.textContent = [panel.state, panel.change].filter(Boolean).join(" ");
      state.hidden = !state.textContent;
      const values = [controls.root, ...picture.parts, unit.root, facts.root];
      if (!shown) for (const part of values) part.hidden = true;
      else {
        controls.show(panel, shown);
        picture.show(panel, shown);
        unit.show(panel);
        facts.show(panel.statistics);
      }
    },
    stop() {
      picture.stop();
      unit.stop();
    },
  };
}

/**
 * @param {string[]} words
 * @returns {Choices}
 */
function numbered(words) {
  return words.map((it, at) => [String(at), it]);
}

/** @param {Context} context */
function makeControls({ model, words, live, set }) {
  const root = element("div", "kfunc-lab-controls");
  const place = choiceOf(words.show, (value) => set("_place", value));
  const result = choiceOf(words.result, (value) => set("_tensor", Number(value)));
  const step = sliderOf(words.step, (value) => set("_step", value));
  const picture = segmentsOf(words.picture_kind, (value) => set("picture", value));
  const side = segmentsOf(words.before_or_now, (value) => set("_side", value));
  const shared = checkOf(words.one_scale, (value) => set("_shared", value));
  const pager = pagerOf((by) =>
    set("_first", Math.max(model.get("_first") + by * MAPS_AT_ONCE, 0)),
  );
  const controls = [place, result, step, picture, side, shared, pager];
  root.append(...controls);
  return {
    root,
    /**
     * @param {Panel} panel
     * @param {Picture} shown
     */
    show(panel, shown) {
      place.show(panel.places, panel.place);
      result.show(numbered(panel.tensors), panel.tensor);
      step.show(panel.steps, panel.step);
      picture.show(panel.pictures, panel.picture);
      side.show(panel.sides, panel.side);
      shared.show(isStack(shown), panel.shared);
      pager.show({
        first: isStack(shown) ? shown.first : 0,
        shown: isStack(shown) ? shown.count : 1,
        total: isStack(shown) ? shown.total : 1,
        label: words.maps,
        before: words.earlier_maps,
        after: words.later_maps,
      });
      root.hidden = !live || controls.every((control) => control.hidden);
    },
  };
}
