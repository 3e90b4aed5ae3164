// What the dashboard gets from Python; written in view.py and layer_data.py.

/** @import { Model } from "../../../ui/page/model.js" */

/**
 * How far a run is.
 *
 * @typedef {object} Progress
 * @property {number} epoch  the one that runs, counted from 1
 * @property {number} epochs  0 where it is not known how many there will be
 * @property {number} step
 * @property {number} steps  0 likewise
 * @property {number | null} [rate]  batches a second
 * @property {number | null} [left]  seconds
 * @property {string} state
 * @property {string} words  the state in words
 * @property {string} [best]  which epoch was the best, in words
 * @property {Notice[]} [notices]
 * @property {number | null} [learningRate]
 *
 * @typedef {object} Notice
 * @property {string} kind
 * @property {string} said
 * @property {string} advice
 *
 * New points of a line, of which the page has those before `first`. The points are 32-bit floats:
 * all epochs, then all values.
 *
 * @typedef {object} LinePart
 * @property {string} name  such as `epoch/val_loss` and `batch/loss`
 * @property {number} first
 *
 * What was measured of the layers last, and the epochs whose distributions come with it. Those
 * are 32-bit floats of shape (epochs, layers, weights and results, percentiles).
 *
 * @typedef {object} LayerTable
 * @property {string[]} layers  their names
 * @property {{ label: string, cells: string[] }[]} columns  with a cell for each layer
 * @property {number[]} epochs
 *
 * A part of a picture, which may be too large for one message.
 *
 * @typedef {object} PicturePart
 * @property {string} part
 * @property {boolean} first
 * @property {boolean} more
 *
 * @typedef {object} News
 * @property {"more"} type
 * @property {Progress} progress
 * @property {LinePart[]} lines  whose points are the first buffers
 * @property {LayerTable} [layers]  whose distributions are the last buffer
 * @property {PicturePart} [predictions]
 *
 * What the notebook keeps of a run that has ended.
 *
 * @typedef {object} Final
 * @property {(LinePart & { points: BufferSource })[]} lines
 * @property {Progress} progress
 * @property {(LayerTable & { spreads: BufferSource }) | null} layers
 * @property {string} predictions  SVG
 *
 * @typedef {object} State
 * @property {Record<string, string>} _words
 * @property {{ title?: string, steerable?: boolean, ended?: boolean }} _state
 * @property {Final | Record<string, never>} _final
 *
 * @typedef {Model<State>} DashboardModel
 * @typedef {Record<string, string>} Words
 */

export {};
