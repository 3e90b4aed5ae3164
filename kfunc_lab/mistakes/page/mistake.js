// A mistake: the reason, the edit with the lines that change, the graph up to the failure, and
// Keras's own message, folded.

import { renderGraph } from "../../graph/view/page/graph.js";
import { textButton } from "../../ui/page/controls.js";
import { element, withCode } from "../../ui/page/dom.js";
import { defineView } from "../../ui/page/model.js";

/**
 * @typedef {object} Block
 * @property {string} file
 * @property {string[]} shown  the lines that change
 * @property {string} mended
 * @property {string} whole  what can be copied: a cell, a file, or nothing
 */
/**
 * @typedef {object} Explanation
 * @property {string} reason
 * @property {string} arithmetic
 * @property {string} edit
 * @property {Block[]} blocks
 * @property {string[]} others
 * @property {string} kind
 * @property {string} message
 * @property {boolean} above_traceback
 */
/** @typedef {import("../../graph/view/page/state.js").GraphState} GraphState */
/** @typedef {GraphState & { _mistake: Explanation }} MistakeState */
/** @typedef {import("../../ui/page/model.js").Model<MistakeState>} MistakeModel */

/** @param {{ model: MistakeModel, el: HTMLElement }} given */
function render({ model, el }) {
  const mistake = model.get("_mistake");
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-view kfunc-lab-mistake");
  const holder = element("div");
  root.append(makeWords(mistake, words), holder, makeOwnWords(mistake, words));
  el.append(root);
  if (model.get("_levels").length && !model.get("_items").length) {
    holder.append(element("p", "kfunc-lab-failed-call", model.get("_title"))); // no graph yet
    return undefined;
  }
  return renderGraph({ model, el: holder }).end;
}

/**
 * @param {Explanation} mistake
 * @param {Record<string, string>} words
 */
function makeWords(mistake, words) {
  const made = element("div", "kfunc-lab-said");
  /** @type {(className: string, text: string) => void} */
  const say = (className, text) => {
    if (!text) return;
    const paragraph = element("p", className);
    paragraph.append(...withCode(text));
    made.append(paragraph);
  };
  say("kfunc-lab-reason", mistake.reason);
  say("kfunc-lab-arithmetic", mistake.arithmetic);
  say("kfunc-lab-edit", mistake.edit && `→ ${mistake.edit}`);
  made.append(...mistake.blocks.map((block) => makeDiff(block, words)));
  for (const other of mistake.others) say("kfunc-lab-other", other);
  return made;
}

/**
 * The lines that an edit changes in one cell, with a button that copies the cell with the edit.
 *
 * @param {Block} block
 * @param {Record<string, string>} words
 */
function makeDiff({ shown, mended, whole }, words) {
  const made = element("div", "kfunc-lab-diff");
  const changed = element("div", "kfunc-lab-changed");
  changed.append(
    ...shown.map((line) => element(line.startsWith("+") ? "ins" : "del", "", line)),
  );
  made.append(changed);
  if (!whole) return made;
  const status = element("span", "kfunc-lab-status");
  status.setAttribute("role", "status");
  const source = whole === "cell" ? mended.replace(/\n$/, "") : mended;
  const button = textButton(words[`copy_${whole}`], async () => {
    status.textContent = (await copied(source)) ? words.copied : words.not_copied;
  });
  const foot = element("div", "kfunc-lab-copy");
  foot.append(button, status);
  made.append(foot);
  return made;
}

/**
 * Copies a text, and tells whether the browser let it. A page from another computer without
 * https has no clipboard, but may still copy what is selected.
 *
 * @param {string} text
 */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", "kfunc-lab-copied");
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}

/**
 * Keras's message. Where IPython's traceback stands just below, the style sheet shows that one
 * instead, and folds it with the message.
 *
 * @param {Explanation} mistake
 * @param {Record<string, string>} words
 */
function makeOwnWords(mistake, words) {
  const made = element("details", "kfunc-lab-own-words");
  made.classList.toggle("above-traceback", mistake.above_traceback);
  const line = element("summary");
  line.append(words.own_words, " ", element("span", "", mistake.kind));
  made.append(line, element("pre", "", mistake.message));
  return made;
}

export default defineView("mistake", render);
