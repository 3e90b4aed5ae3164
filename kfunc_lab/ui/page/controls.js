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
 * @param {string} label
 * @param {(value: string) => void} onChange
 */
export function textInput(label, onChange) {
  const input = element("input");
  input.type = "text";
  if (label) input.setAttribute("aria-label", label);
  keepKeys(input);
  let isTyping = false;
  input.addEventListener("input", () => {
    isTyping = true;
  });
  input.addEventListener("change", () => {
    isTyping = false;
    onChange(input.value);
  });
  return Object.assign(input, {
    /** @param {string} value  it does not replace what is being typed */
    show(value) {
      if (!isTyping) input.value = value;
    },
  });
}

/**
 * @param {string} label
 * @param {(value: number) => void} onInput
 */
export function rangeInput(label, onInput) {
  const input = element("input");
  input.type = "range";
  if (label) input.setAttribute("aria-label", label);
  keepKeys(input);
  input.addEventListener("input", () => onInput(Number(input.value)));
  return Object.assign(input, {
    /**
     * @param {number} least
     * @param {number} most
     */
    span(least, most) {
      input.min = String(least);
      input.max = String(most);
    },
  });
}

/**
 * @param {string} label
 * @param {(isOn: boolean) => void} onChange
 */
export function checkInput(label, onChange) {
  const input = element("input");
  input.type = "checkbox";
  if (label) input.setAttribute("aria-label", label);
  input.addEventListener("change", () => onChange(input.checked));
  return input;
}

/**
 * @param {string} label
 * @param {(value: string) => void} onChange
 */
export function selectInput(label, onChange) {
  const input = element("select");
  if (label) input.setAttribute("aria-label", label);
  keepKeys(input);
  input.addEventListener("change", () => onChange(input.value));
  let known = "";
  return Object.assign(input, {
    /**
     * @param {Choices} choices
     * @param {string | number} value
     */
    show(choices, value) {
      const now = JSON.stringify(choices);
      if (now !== known) input.replaceChildren(...choices.map(option));
      known = now;
      input.value = String(value);
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
 * An input under its name.
 *
 * @template {HTMLElement} Input
 * @param {string} className
 * @param {string} label
 * @param {Input} input
 * @param {HTMLElement[]} more
 */
function labelled(className, label, input, ...more) {
  const made = element("label", className);
  made.append(element("span", "", label), input, ...more);
  return made;
}

/**
 * A text field with its name.
 *
 * @param {string} label
 * @param {(value: string) => void} onChange
 */
export function fieldOf(label, onChange) {
  const input = textInput("", onChange);
  return Object.assign(labelled("kfunc-lab-field", label, input), { input, show: input.show });
}

/**
 * A list to choose from; hidden where there is too little to choose from.
 *
 * @param {string} label
 * @param {(value: string) => void} onChange
 * @param {number} [least]  choices for which it is shown
 */
export function choiceOf(label, onChange, least = 2) {
  const list = selectInput("", onChange);
  const made = labelled("kfunc-lab-choice", label, list);
  return Object.assign(made, {
    /**
     * @param {Choices} choices
     * @param {string | number} value
     */
    show(choices, value) {
      made.hidden = choices.length < least;
      list.show(choices, value);
    },
  });
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
  const box = checkInput("", onChange);
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
  const said = element("output");
  const range = rangeInput("", (value) => {
    said.textContent = `${value + 1} / ${Number(range.max) + 1}`;
    onChange(value);
  });
  const made = labelled("kfunc-lab-slider", label, range, said);
  return Object.assign(made, {
    /**
     * @param {number} count
     * @param {number} value
     */
    show(count, value) {
      made.hidden = count < 2;
      range.span(0, count - 1);
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
