// What the kernel says of a graph, as page_data.py writes it.

/**
 * A call, a folded or open group, or the mark of an output.
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {number} width  of its box when it is folded, in pixels
 * @property {number} height
 * @property {number} margin  from the side of the box to what is drawn
 * @property {string} classes
 * @property {string} svg
 * @property {number} [order]  its place in graph order; the mark of an output has none
 * @property {string} [parent]  the group in which it stands
 * @property {string} [label]  what a screen reader says
 * @property {string} [name]
 * @property {string} [kind]
 * @property {string} [find]  what a search compares
 * @property {{ label: string, value: string }[]} [details]
 * @property {string[]} [pins]  the variables that hold it
 * @property {string} [shared]  the layer that it shares with other calls
 * @property {boolean} [group]
 * @property {string} [title]  SVG of the title of the open group
 * @property {number} [titleWidth]
 */

/**
 * A tensor's way from an item to another, or from or to the border of its group (null).
 *
 * @typedef {object} Line
 * @property {string | null} source
 * @property {string | null} target
 * @property {string} from  the call that makes the tensor
 * @property {string} tensor  that call and the number of the output
 * @property {string[]} takers  the calls that take it
 * @property {string} kind
 * @property {string} shape  of the tensor, in words
 * @property {number[]} points  x and y of Bézier curves that follow one another
 * @property {{ text: string, width: number, at: number, x: number, y: number }} [label]
 */

/**
 * The layout of one group with all groups inside it folded.
 *
 * @typedef {object} Level
 * @property {string} group  empty for the whole graph
 * @property {number} width
 * @property {number} height
 * @property {{ id: string, x: number, y: number }[]} places  the middles of the boxes
 * @property {Line[]} lines
 * @property {{ tensor: string, x: number }[]} entries  where tensors enter, along the edge
 * @property {{ tensor: string, x: number }[]} exits  and leave
 * @property {boolean} [right]  whether the lines lead to the right instead of down
 */

/**
 * @typedef {object} Scale
 * @property {string} low
 * @property {string} high
 * @property {string[]} colours
 * @property {string} quantity
 */

/**
 * @typedef {object} Emphasis
 * @property {string[][]} regions  the items of each
 * @property {{ id: string, colour: string, ink: string }[]} values
 * @property {Scale} [scale]
 */

/**
 * @typedef {object} GraphState
 * @property {string} selected
 * @property {string[]} opened
 * @property {Item[]} _items
 * @property {Level[]} _levels  none where the graph cannot be drawn
 * @property {string[]} _groups
 * @property {boolean} _complete  whether the page has all levels
 * @property {Emphasis} _emphasis
 * @property {{ sign: string, words: string }[]} _legend
 * @property {{ form: string, words: string }[]} _forms
 * @property {string} _text
 * @property {string} _title
 * @property {string[]} _notes
 * @property {Record<string, string>} _words
 */

/** @typedef {import("../../../ui/page/model.js").Model<GraphState>} GraphModel */

/**
 * All that is known of a graph, by id.
 *
 * @typedef {object} Content
 * @property {Map<string, Item>} items
 * @property {Map<string, Level>} levels
 */

/**
 * @param {Item[]} items
 * @param {Level[]} levels
 * @returns {Content}
 */
export function readContent(items, levels) {
  return {
    items: new Map(items.map((item) => [item.id, item])),
    levels: new Map(levels.map((level) => [level.group, level])),
  };
}

/**
 * The groups around an item, from the inside out.
 *
 * @param {Map<string, Item>} items
 * @param {string} id
 */
export function ancestors(items, id) {
  const found = [];
  for (let at = items.get(id)?.parent; at; at = items.get(at)?.parent) found.push(at);
  return found;
}

/**
 * The item of each variable.
 *
 * @param {Map<string, Item>} items
 */
export function pinned(items) {
  /** @type {[string, string][]} */
  const pairs = [...items.values()].flatMap(({ id, pins }) =>
    (pins ?? []).map((name) => /** @type {[string, string]} */ ([name, id])),
  );
  return new Map(pairs);
}
