// What if: the settings of a call, each with what shows and changes it.

import {
  checkInput,
  rangeInput,
  selectInput,
  textButton,
  textInput,
} from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { filled } from "../../ui/page/words.js";

/** @import { Ask, Control, Panel } from "./state.js" */

/** @typedef {(value: string | number | boolean) => void} Change */
/** @typedef {{ nodes: HTMLElement[], show: (control: Control) => void }} Input */

/**
 * @param {Record<string, string>} words
 * @param {Ask} ask
 * @param {() => boolean} isWaiting  for the kernel
 */
export function makeKnobs(words, ask, isWaiting) {
  const root = element("div", "kfunc-lab-knobs");
  /** @type {Map<string, (control: Control) => void>} */
  let shows = new Map();
  let shown = ""; // the call whose settings stand there, and which they are

  /**
   * @param {string} item
   * @param {Control} control
   */
  function knob(item, { name, label, kind }) {
    const row = element("div", "kfunc-lab-knob");
    const caption = element("span", "kfunc-lab-setting", label);
    caption.title = label;
    const was = element("span", "kfunc-lab-was");
    const back = textButton("↺", () => ask({ type: "reset", item, name }));
    back.title = words.reset;
    back.setAttribute("aria-label", `${words.reset}: ${label}`);
    const change = (/** @type {Parameters<Change>[0]} */ value) =>
      ask({ type: "change", item, name, value });
    const { nodes, show } = INPUTS[kind](label, change, isWaiting);
    row.append(caption, ...nodes, was, back);
    shows.set(name, (control) => {
      show(control);
      const isChanged = control.before !== null;
      row.classList.toggle("changed", isChanged);
      was.textContent = isChanged ? filled(words.was, { value: control.before }) : "";
      back.hidden = !isChanged;
    });
    return row;
  }

  /**
   * @param {string} item
   * @param {Control[]} controls
   */
  function build(item, controls) {
    shows = new Map();
    const said = controls.length ? words.model_unchanged : words.nothing_to_change;
    root.replaceChildren(
      element("h4", "", words.what_if),
      ...controls.map((control) => knob(item, control)),
      element("p", "kfunc-lab-empty", said),
    );
  }

  return {
    root,
    /** @param {Panel} panel */
    show({ item, controls = [] }) {
      const now = `${item}/${controls.map(({ name, kind }) => `${name}:${kind}`).join()}`;
      if (now !== shown) build(item, controls);
      shown = now;
      for (const control of controls) shows.get(control.name)?.(control);
    },
  };
}

/** @type {Record<Control["kind"], (label: string, change: Change, isWaiting: () => boolean) => Input>} */
const INPUTS = {
  number(label, change, isWaiting) {
    const typed = textInput(label, change);
    const slider = rangeInput(label, (value) => {
      typed.value = String(value);
      change(String(value));
    });
    return {
      nodes: [slider, typed],
      show({ value, least, most }) {
        slider.span(least ?? 0, most ?? 0);
        // What is being dragged is ahead of what was answered.
        if (document.activeElement !== slider || !isWaiting()) {
          slider.value = String(Number(value.split(",")[0]) || least);
        }
        typed.show(value);
      },
    };
  },
  text(label, change) {
    const typed = textInput(label, change);
    return { nodes: [element("span"), typed], show: ({ value }) => typed.show(value) };
  },
  choice(label, change) {
    const list = selectInput(label, change);
    return {
      nodes: [list],
      show: ({ choices, value }) =>
        list.show(
          choices.map((it) => [it, it]),
          value,
        ),
    };
  },
  switch(label, change) {
    const box = checkInput(label, change);
    return {
      nodes: [box],
      show({ value }) {
        box.checked = value === "True";
      },
    };
  },
};
