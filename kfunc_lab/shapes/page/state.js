// What the kernel says of shapes and costs, as page_data.py writes it.

/** @typedef {{ words: string, value: number }} Amount */

/**
 * @typedef {object} Row
 * @property {string} item
 * @property {number} depth
 * @property {string} name
 * @property {string} kind
 * @property {string} shape
 * @property {string} state  such as `"wrong"`; empty where nothing is to be said
 * @property {string[]} changed  what of it is other than in the model
 * @property {boolean} group
 * @property {Amount} parameters
 * @property {Amount} multiply_adds
 * @property {Amount} memory
 */

/**
 * @typedef {object} Table
 * @property {Row[]} rows
 * @property {{ label: string, value: string, was: string | null }[]} totals
 * @property {{ item: string, axis: string, label: string, value: string }[]} sizes  those that
 *   the model leaves open
 * @property {{ item: string, name: string, reason: string } | null} problem  the first
 * @property {number} changes  how many there are
 * @property {boolean} code  whether the model can be written as code
 */

/**
 * How the picture differs from the model's; empty where it does not.
 *
 * @typedef {object} Marks
 * @property {{ item: string, state: string }[]} [states]
 * @property {{ tensor: string, words: string }[]} [sizes]
 * @property {{ item: string, words: string }[]} [counts]
 */

/**
 * A setting that can be changed.
 *
 * @typedef {object} Control
 * @property {string} name
 * @property {string} label
 * @property {string} value
 * @property {"number" | "text" | "choice" | "switch"} kind
 * @property {number | null} least
 * @property {number | null} most
 * @property {string[]} choices
 * @property {string | null} before  what it is in the model, if that is something else
 */

/**
 * What is said of a call or group; of nothing, only that.
 *
 * @typedef {object} Panel
 * @property {string} item
 * @property {string} [name]
 * @property {string} [kind]
 * @property {string} [html]  the arithmetic
 * @property {string} [figure]  SVG
 * @property {string} [waits]  why there is none
 * @property {{ reason: string, arithmetic: string, met: string }} [problem]
 * @property {Control[]} [controls]
 */

/**
 * @typedef {object} OwnState
 * @property {number} batch_size
 * @property {Table} _table
 * @property {Marks} _marks
 * @property {Panel} _panel
 * @property {Panel[]} _panels  those that the page has got at once
 */

/** @typedef {import("../../graph/view/page/state.js").GraphState & OwnState} ShapesState */
/** @typedef {import("../../ui/page/model.js").Model<ShapesState>} ShapesModel */
/** @typedef {(question: object) => void} Ask */

/**
 * The rows that are seen while some groups are open.
 *
 * @param {Row[]} rows
 * @param {Set<string>} open
 */
export function seenRows(rows, open) {
  const seen = [];
  let hiddenBelow = Infinity;
  for (const row of rows) {
    if (row.depth > hiddenBelow) continue;
    const isOpen = row.group && open.has(row.item);
    hiddenBelow = row.group && !isOpen ? row.depth : Infinity;
    seen.push({ row, isOpen });
  }
  return seen;
}
