// Controls: each is an element with a `show` that brings it up to date without making it anew.

import { element, keepKeys } from "./dom.js";

/** @typedef {[key: string, words: string][]} Choices  what can be chosen, and how it is named */

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {string} [label]  what it does, where the text does not say it
 */
export function textButton(text, onClick, label = "") {
  const made = element("button", "kfunc-lab-button", text);
  made.type = "button";
  if (label) {
    made.title = label;
    made.setAttribute("aria-label", label);
  }
  made.addEventListener("click", onClick);
  return made;
}

/**
 * A list to choose from; hidden where there is too little to choose from.
 *
 * @param {string} label
 * @param {(value: string) => void} onChange
 * @param {number} [least]  choices for which it is shown
 */
export function choiceOf(label, onChange, least = 2) {
  const made = element("label", "kfunc-lab-choice");
  const list = element("select");
  made.append(element("span", "", label), list);
  keepKeys(list);
  list.addEventListener("change", () => onChange(list.value));
  let known = "";
  return Object.assign(made, {
    /**
     * @param {Choices} choices
     * @param {string | number} value
     */
    show(choices, value) {
      made.hidden = choices.length < least;
      const now = JSON.stringify(choices);
      if (now !== known) list.replaceChildren(...choices.map(option));
      known = now;
      list.value = String(value);
    },
  });
}

/** @param {[string, string]} choice */
function option([key, words]) {
  const made = element("option", "", words);
  made.value = key;
  return made;
}

/**
 * A row of buttons of which one is pressed.
 *
 * @param {string} label
 * @param {(key: string) => void} onChange
 */
export function segmentsOf(label, onChange) {
  const made = element("div", "kfunc-lab-segments");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", label);
  let known = "";
  /** @type {Map<string, HTMLButtonElement>} */
  let buttons = new Map();
  return Object.assign(made, {
    /**
     * @param {Choices} choices
     * @param {string | number} value
     */
    show(choices, value) {
      made.hidden = choices.length < 2;
      const now = JSON.stringify(choices);
      if (now !== known) {
        known = now;
        buttons = new Map(
          choices.map(([key, words]) => [key, textButton(words, () => onChange(key))]),
        );
        made.replaceChildren(...buttons.values());
      }
      for (const [key, button] of buttons) {
        button.setAttribute("aria-pressed", String(key === String(value)));
      }
    },
  });
}

/**
 * @param {string} label
 * @param {(isOn: boolean) => void} onChange
 */
export function checkOf(label, onChange) {
  const made = element("label", "kfunc-lab-check");
  const box = element("input");
  box.type = "checkbox";
  box.addEventListener("change", () => onChange(box.checked));
  made.append(box, element("span", "", label));
  return Object.assign(made, {
    /**
     * @param {boolean} isSeen
     * @param {boolean} isOn
     */
    show(isSeen, isOn) {
      made.hidden = !isSeen;
      box.checked = isOn;
    },
  });
}

/**
 * A slider that says where it stands; hidden where there is one place only.
 *
 * @param {string} label
 * @param {(value: number) => void} onChange
 */
export function sliderOf(label, onChange) {
  const made = element("label", "kfunc-lab-slider");
  const range = element("input");
  const said = element("output");
  range.type = "range";
  range.min = "0";
  keepKeys(range);
  range.addEventListener("input", () => {
    said.textContent = `${Number(range.value) + 1} / ${Number(range.max) + 1}`;
    onChange(Number(range.value));
  });
  made.append(element("span", "", label), range, said);
  return Object.assign(made, {
    /**
     * @param {number} count
     * @param {number} value
     */
    show(count, value) {
      made.hidden = count < 2;
      range.max = String(count - 1);
      if (document.activeElement !== range) range.value = String(value);
      said.textContent = `${Number(range.value) + 1} / ${count}`;
    },
  });
}

/**
 * Earlier and later pages of something that is numbered.
 *
 * @param {(by: number) => void} onChange
 */
export function pagerOf(onChange) {
  const made = element("div", "kfunc-lab-pager");
  const said = element("span");
  const back = textButton("‹", () => onChange(-1));
  const on = textButton("›", () => onChange(1));
  made.append(back, said, on);
  return Object.assign(made, {
    /**
     * @param {{ first: number, shown: number, total: number, label: string, before: string,
     *   after: string }} page
     */
    show({ first, shown, total, label, before, after }) {
      made.hidden = shown >= total;
      said.textContent = `${label} ${first}–${first + shown - 1} / ${total}`;
      back.setAttribute("aria-label", before);
      on.setAttribute("aria-label", after);
      back.disabled = first === 0;
      on.disabled = first + shown >= total;
    },
  });
}
