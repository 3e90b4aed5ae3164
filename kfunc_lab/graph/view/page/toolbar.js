// The tools above the picture: buttons with an icon, the search and the menu of forms.

import { element, svgElement, takeKey } from "../../../ui/page/dom.js";

const ICONS = {
  zoom_out: "M3 8h10",
  zoom_in: "M3 8h10M8 3v10",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  unfold: "M8 2v4M8 10v4M5 4l3-3 3 3M5 12l3 3 3-3M3 8h10",
  fold: "M8 1v4M8 11v4M5 3l3 3 3-3M5 13l3-3 3 3M3 8h10",
  search: "M10.5 10.5L14 14M11.5 7a4.5 4.5 0 1 1-9 0a4.5 4.5 0 0 1 9 0",
  save: "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
};

/**
 * @param {keyof typeof ICONS} icon
 * @param {string} label
 * @param {() => void} onClick
 */
export function toolButton(icon, label, onClick) {
  const button = element("button", "kfunc-lab-tool");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const drawn = svgElement("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawn.append(svgElement("path", { d: ICONS[icon] }));
  button.append(drawn);
  button.addEventListener("click", onClick);
  return button;
}

/**
 * What is typed, as a search compares it.
 *
 * @param {string} text
 */
export function searchable(text) {
  return text.toLowerCase().replaceAll("×", "x").replace(/\s+/g, "");
}

/**
 * A field that finds items, and a button that opens it.
 *
 * @param {Record<string, string>} words
 * @param {(text: string) => string[] | undefined} find  the ids; nothing where the kernel looks
 * @param {(id: string) => void} goTo
 * @param {(text: string) => void} say
 */
export function makeSearch(words, find, goTo, say) {
  /** @type {string[]} */
  let found = [];
  let position = 0;
  const field = element("input", "kfunc-lab-search");
  field.type = "search";
  field.placeholder = words.search_hint;
  field.setAttribute("aria-label", words.search_hint);
  field.hidden = true;
  const button = toolButton("search", words.search, () => {
    field.hidden = !field.hidden;
    if (!field.hidden) field.focus();
  });

  function step(by = 0) {
    if (!found.length) return say(words.nothing_found);
    position = by ? (position + by + found.length) % found.length : 0;
    goTo(found[position]);
    return say(`${position + 1} / ${found.length}`);
  }

  /** @param {string[]} ids */
  function show(ids) {
    found = ids;
    step();
  }

  field.addEventListener("input", () => {
    found = [];
    position = -1;
    if (!searchable(field.value)) return say("");
    const ids = find(field.value);
    return ids && show(ids);
  });
  field.addEventListener("keydown", (event) => {
    // JupyterLab has meanings of its own for keys.
    event.stopPropagation();
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      field.value = "";
      field.hidden = true;
      say("");
      button.focus();
    } else return;
    event.preventDefault();
  });
  return { field, button, show };
}

/**
 * A button with a menu of the forms in which a view is saved.
 *
 * @param {string} label
 * @param {{ form: string, words: string }[]} forms
 * @param {(form: string) => void} onChoose
 */
export function makeMenu(label, forms, onChoose) {
  const holder = element("div", "kfunc-lab-holder");
  const menu = element("div", "kfunc-lab-menu");
  const button = toolButton("save", label, () => {
    open(Boolean(menu.hidden));
    if (!menu.hidden) choices[0].focus();
  });

  /** @param {boolean} isOpen */
  function open(isOpen) {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  }

  function close() {
    open(false);
    button.focus();
  }

  const choices = forms.map(({ form, words }) => {
    const choice = element("button", "", words);
    choice.type = "button";
    choice.addEventListener("click", () => {
      close();
      onChoose(form);
    });
    return choice;
  });
  menu.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = choices.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (by) choices[(at + by + choices.length) % choices.length].focus();
    else if (event.key === "Escape") close();
    else return;
    takeKey(event);
  });
  menu.append(...choices);
  holder.append(button, menu);
  open(false);
  return holder;
}

/**
 * @param {string} name
 * @param {BlobPart} content
 * @param {string} type
 */
export function download(name, content, type) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
