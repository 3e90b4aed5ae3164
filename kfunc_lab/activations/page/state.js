// What the page of activations gets from Python; written in page_data.py, panel.py and view.py.

/** @import { GraphState } from "../../graph/view/page/state.js" */
/** @import { Choices } from "../../ui/page/controls.js" */
/** @import { Model } from "../../ui/page/model.js" */

/**
 * Numbers and pixels come as bytes; on a saved page as base64.
 *
 * @typedef {string | BufferSource} Data
 *
 * @typedef {"sequential" | "diverging"} ScaleName
 * @typedef {Record<ScaleName, string[]> & { notFinite: string }} Colours  of each scale, from low
 *   to high
 * @typedef {Record<string, any>} Words
 *
 * A picture's pixels: `channels` bytes for each, 1 or 3.
 *
 * @typedef {object} Image
 * @property {number} rows
 * @property {number} cols
 * @property {number} channels
 * @property {Data} data
 *
 * A small heat map: a byte for each cell, from 0 to 254; 255 is no number.
 *
 * @typedef {object} Thumbnail
 * @property {number} rows
 * @property {number} cols
 * @property {ScaleName} scale
 * @property {Data} data
 *
 * Matrices as heat maps, in 32-bit floats of shape (count, rows, cols).
 *
 * @typedef {object} Tiles
 * @property {"tiles"} type
 * @property {number} count
 * @property {number} rows
 * @property {number} cols
 * @property {string[]} labels
 * @property {number[]} lows  what the first colour stands for, in each
 * @property {number[]} highs  what the last colour stands for, in each
 * @property {ScaleName} scale
 * @property {string} rowAxis  what the rows are
 * @property {string} colAxis
 * @property {[number, number]} factor  how many rows and columns a cell stands for
 * @property {number} first  the number of the first tile
 * @property {number} total  how many tiles there are in all
 * @property {boolean} isVector  whether the rows go on in the next line, as in a text
 * @property {Data} data
 *
 * @typedef {object} Bars
 * @property {"bars"} type
 * @property {string[]} labels
 * @property {(number | null)[]} values  null where a number is not finite
 * @property {number} marked  the place of the greatest probability; else -1
 * @property {boolean} percent  whether the values are shares of one
 *
 * @typedef {object} Points
 * @property {"points"} type
 * @property {number[]} x
 * @property {number[]} y
 * @property {string[]} labels
 * @property {[number, number]} shares  of the variance, that each component explains
 *
 * @typedef {{ type: "words", lines: string[] }} Lines
 * @typedef {Image & { type: "image" }} BigImage
 * @typedef {Tiles | Bars | Points | BigImage | Lines} Picture
 *
 * @typedef {object} Histogram
 * @property {number} low
 * @property {number} width  of a bin
 * @property {number[]} counts
 *
 * @typedef {object} Statistics
 * @property {{ label: string, value: string }[]} rows
 * @property {Histogram} histogram
 * @property {string} dead  which units are dead, in words
 *
 * One map, head or unit.
 *
 * @typedef {object} Unit
 * @property {string} title
 * @property {Tiles} [map]
 * @property {Image} [image]  the input, where the map can be laid over it
 * @property {{ sample: number, value: string }[]} [exciting]
 *
 * What is shown of the selected call; without `shown` there is only `empty`, which says why.
 *
 * @typedef {object} Panel
 * @property {string} item
 * @property {string} [empty]
 * @property {string} [path]
 * @property {string} [kind]
 * @property {string} [shape]
 * @property {Choices} places
 * @property {string} place
 * @property {number} steps
 * @property {number} step
 * @property {string[]} tensors
 * @property {number} tensor
 * @property {Choices} pictures
 * @property {string} picture
 * @property {Choices} sides
 * @property {string} side
 * @property {boolean} shared
 * @property {string} [state]
 * @property {string} [change]
 * @property {Picture} [shown]
 * @property {Statistics | Record<string, never>} statistics
 * @property {Unit | null} unit
 *
 * @typedef {object} Card
 * @property {string} item
 * @property {string} name
 * @property {string} path
 * @property {string} kind
 * @property {string} shape
 * @property {Thumbnail | null} picture
 *
 * What goes in and what comes out.
 *
 * @typedef {object} Band
 * @property {Image | null} image
 * @property {{ name: string, picture: Thumbnail | null }[]} inputs
 * @property {{ name: string, bars: Bars }[]} outputs
 * @property {number} pad  the side of the pad to draw on; 0 where the model takes no such picture
 *
 * The samples to choose from.
 *
 * @typedef {object} Row
 * @property {number} samples
 * @property {number} first
 * @property {number} last
 * @property {(Image | null)[]} images
 *
 * @typedef {object} Attributed
 * @property {string} method
 * @property {string} layer
 * @property {number} rows
 * @property {number} cols
 * @property {number} low
 * @property {number} high
 * @property {ScaleName} scale
 * @property {Data} data
 * @property {Image | null} image
 * @property {string[]} words
 *
 * What attributions can be made; or why none can.
 *
 * @typedef {object} Attribution
 * @property {string} reason
 * @property {Choices} [methods]
 * @property {Choices} [layers]
 * @property {number} [classes]
 * @property {Attributed} [shown]
 *
 * @typedef {object} ActivationState
 * @property {number} sample
 * @property {number} unit
 * @property {string} picture
 * @property {string} _place
 * @property {number} _step
 * @property {number} _tensor
 * @property {number} _first
 * @property {boolean} _shared
 * @property {string} _side
 * @property {string} _quantity
 * @property {Panel} _panel
 * @property {Panel[]} _panels  of all calls, on a page without a kernel
 * @property {Card[]} _cards
 * @property {Band} _band
 * @property {Row} _row
 * @property {Attribution} _attribution
 * @property {Colours} _colours
 * @property {Words} _words
 *
 * @typedef {ActivationState & GraphState} State
 * @typedef {Model<State>} ActivationModel
 *
 * What all parts of the page use.
 *
 * @typedef {object} Context
 * @property {ActivationModel} model
 * @property {Words} words
 * @property {Colours} colours
 * @property {boolean} live  whether there is a kernel
 * @property {<Name extends keyof State>(name: Name, value: State[Name]) => void} set
 * @property {(question: object, buffers?: BufferSource[]) => void} ask
 */

export {};
