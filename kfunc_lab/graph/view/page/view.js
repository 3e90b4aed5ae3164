// Shows the graph of a model.

import { defineView } from "../../../ui/page/model.js";
import { renderGraph } from "./graph.js";

export default defineView("graph", ({ model, el }) => renderGraph({ model, el }).end);
