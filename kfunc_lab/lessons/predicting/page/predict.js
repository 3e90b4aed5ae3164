// A question about the next cell, with a field or buttons for the guess.

import { makeAsker } from "../../../ui/page/ask.js";
import { textButton } from "../../../ui/page/controls.js";
import { element, parseHtml, withCode } from "../../../ui/page/dom.js";
import { defineView, listen } from "../../../ui/page/model.js";

/**
 * @typedef {object} PredictState
 * @property {boolean | null} is_right
 * @property {string} _question
 * @property {[key: string, words: string][]} _options
 * @property {string} _typed  the guess as it was typed, or its key
 * @property {string} _guess  the guess as it is shown
 * @property {boolean} _is_old
 * @property {string} _problem
 * @property {string} _answer
 * @property {Record<string, string>} _words
 */

/** @typedef {import("../../../ui/page/model.js").Model<PredictState>} PredictModel */

/** @param {{ model: PredictModel, el: HTMLElement }} given */
function render({ model, el }) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-view kfunc-lab-predict");
  const question = element("div");
  question.append(
    element("strong", "", words.predict),
    " ",
    ...withCode(model.get("_question")),
  );
  const place = element("div");
  const problem = element("div", "kfunc-lab-predict-problem");
  const answer = element("div");
  const status = element("div", "kfunc-lab-predict-status");
  for (const spoken of [problem, answer]) spoken.setAttribute("aria-live", "polite");
  root.append(question, place, problem, status, answer);
  el.append(root);

  const asker = makeAsker(model, status, words.waiting);
  let isEditing = false;
  /** @param {string} guess */
  const keep = (guess) => asker.ask({ guess });
  const edit = () => {
    isEditing = true;
    show();
  };

  function show() {
    const hadFocus = place.contains(document.activeElement);
    const isOpen = isEditing || !model.get("_guess");
    place.replaceChildren(isOpen ? makeField(model, keep) : makeGuess(model, edit));
    if (hadFocus) focusFirst(place);
    showAnswer();
  }
  function showAnswer() {
    problem.replaceChildren(...withCode(model.get("_problem")));
    answer.replaceChildren(...(isEditing ? [] : parseHtml(model.get("_answer"))));
  }
  function kept() {
    isEditing = false;
    show();
  }
  /** @param {{ type: string }} message */
  function hear({ type }) {
    if (type !== "answered") return;
    asker.answered();
    if (model.get("_problem")) showAnswer();
    else kept();
  }

  const end = listen(model, {
    "change:_guess": kept,
    "change:is_right": kept,
    "change:_answer": show,
    "change:_problem": showAnswer,
    "msg:custom": hear,
  });
  show();
  if (model.get("_is_old")) keep(model.get("_typed"));
  return end;
}

/**
 * @param {PredictModel} model
 * @param {(guess: string) => void} keep
 */
function makeField(model, keep) {
  const options = model.get("_options");
  return options.length ? makeOptions(model, keep) : makeInput(model, keep);
}

/**
 * @param {PredictModel} model
 * @param {(guess: string) => void} keep
 */
function makeOptions(model, keep) {
  const root = element("div", "kfunc-lab-predict-options");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("_words").guess);
  for (const [key, text] of model.get("_options")) {
    const button = textButton("", () => keep(key));
    button.append(...withCode(text));
    if (model.get("is_right") === null && key === model.get("_typed"))
      button.setAttribute("aria-pressed", "true");
    root.append(button);
  }
  return root;
}

/**
 * The field keeps its guess with Enter, and when the learner goes on without it.
 *
 * @param {PredictModel} model
 * @param {(guess: string) => void} keep
 */
function makeInput(model, keep) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-predict-guess");
  const input = element("input");
  input.type = "text";
  input.maxLength = 200;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.placeholder = words.expected;
  input.setAttribute("aria-label", words.guess);
  if (model.get("is_right") === null) input.value = model.get("_typed");
  let sent = "";
  const send = () => {
    const guess = input.value.trim();
    if (guess && guess !== sent) keep(guess);
    sent = guess;
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab would take the keys for its own
    if (event.key === "Enter" && !event.isComposing) send();
  });
  input.addEventListener("change", send);
  root.append(input);
  return root;
}

/**
 * The guess that was made, and how it went.
 *
 * @param {PredictModel} model
 * @param {() => void} edit
 */
function makeGuess(model, edit) {
  const words = model.get("_words");
  const isRight = model.get("is_right");
  const root = element("div", "kfunc-lab-predict-guess");
  const guess = element("span");
  guess.append(`${words.guess}: `, ...withCode(model.get("_guess")));
  root.append(guess);
  if (isRight !== null && !model.get("_answer")) {
    const mark = isRight ? `✓ ${words.right}` : `✗ ${words.wrong}`;
    root.append(element("span", isRight ? "right" : "wrong", mark));
  }
  if (model.send) root.append(textButton(isRight === null ? words.edit : words.again, edit));
  return root;
}

/** @param {HTMLElement} place */
function focusFirst(place) {
  const first = place.querySelector("input, button");
  if (first instanceof HTMLElement) first.focus();
}

export default defineView("predict", render);
