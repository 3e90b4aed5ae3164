// How far a run is: as a bar, and in words.

import { element } from "../../../ui/page/dom.js";
import { significant } from "../../../ui/page/numbers.js";
import { filled } from "../../../ui/page/words.js";

/** @import { Progress, Words } from "./state.js" */

const OVER = ["finished", "stopped", "interrupted", "failed"];

/** @param {Progress} now */
export function isOver(now) {
  return OVER.includes(now.state);
}

/** @param {Words} words */
export function makeProgress(words) {
  const bar = element("progress");
  bar.setAttribute("aria-label", words.progress);
  const facts = element("div", "kfunc-lab-run-facts");
  return {
    parts: [bar, facts],
    /** @param {Progress} now */
    show(now) {
      const steps = now.steps || 1;
      bar.max = (now.epochs || now.epoch) * steps;
      bar.value = Math.min((now.epoch - 1) * steps + now.step, bar.max);
      facts.textContent = progressWords(now, words);
    },
    /** Before the first batch there is nothing to tell. */
    clear() {
      bar.max = 1;
      bar.value = 0;
      facts.textContent = "";
    },
  };
}

/**
 * Says how far a run is.
 *
 * @param {Progress} now
 * @param {Words} words
 */
export function progressWords(now, words) {
  const { epoch, epochs, step, steps, rate, left, best } = now;
  const runs = !isOver(now);
  const parts = [
    filled(epochs ? words.epoch : words.epoch_of_many, { n: epoch, total: epochs }),
    step && filled(steps ? words.step : words.step_of_many, { n: step, total: steps }),
    runs && rate && filled(words.rate, { n: significant(rate, 3) }),
    runs && now.state !== "paused" && left && filled(words.left, { time: clock(left) }),
    best,
  ];
  return parts.filter(Boolean).join(" · ");
}

/**
 * Writes a duration, such as `1:05` or `1:02:05`.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts
    .slice(parts[0] ? 0 : 1)
    .map((part, place) => (place ? String(part).padStart(2, "0") : part))
    .join(":");
}
