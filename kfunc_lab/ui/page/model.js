// The state that a page shares with its kernel.

/**
 * What anywidget gives a page. Without a kernel there is no `send`.
 *
 * @template {object} State
 * @typedef {object} Model
 * @property {<Name extends keyof State>(name: Name) => State[Name]} get
 * @property {<Name extends keyof State>(name: Name, value: State[Name]) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: (...given: any[]) => void) => void} on
 * @property {(event: string, listener: (...given: any[]) => void) => void} off
 * @property {(content: object, callbacks?: undefined, buffers?: BufferSource[]) => void} [send]
 */

/**
 * Sets a part of the state, in the kernel too.
 *
 * @template {object} State
 * @template {keyof State} Name
 * @param {Model<State>} model
 * @param {Name} name
 * @param {State[Name]} value
 */
export function share(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/**
 * Listens to a model until what is returned is called.
 *
 * @param {Model<any>} model
 * @param {Record<string, (...given: any[]) => void>} listeners  by event, such as `change:selected`
 */
export function listen(model, listeners) {
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

/**
 * Marks the element of a view: only inside it the view's style sheet holds.
 *
 * @param {HTMLElement} el
 * @param {string} name  of its bundle
 */
export function markView(el, name) {
  el.classList.add(`kfunc-lab-${name}-view`);
}
