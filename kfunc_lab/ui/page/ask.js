// Asks the kernel: one question at a time, and of several that wait only the last.

const PATIENCE = 1500; // milliseconds; the kernel may be training a model

/**
 * @param {import("./model.js").Model<any>} model
 * @param {HTMLElement} status  where it is said that the kernel is busy
 * @param {string} waiting  how
 */
export function makeAsker(model, status, waiting) {
  let waits = false;
  /** @type {[object, BufferSource[] | undefined] | null} */
  let next = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;

  /**
   * @param {object} question
   * @param {BufferSource[]} [buffers]
   */
  function ask(question, buffers) {
    if (!model.send) return;
    if (waits) {
      next = [question, buffers];
      return;
    }
    waits = true;
    status.textContent = "";
    patience = setTimeout(() => {
      status.textContent = waiting;
    }, PATIENCE);
    model.send(question, undefined, buffers);
  }

  function answered() {
    waits = false;
    clearTimeout(patience);
    if (status.textContent === waiting) status.textContent = "";
    const question = next;
    next = null;
    if (question) ask(...question);
  }

  return { ask, answered, isWaiting: () => waits };
}
