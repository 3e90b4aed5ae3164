// Shows the graph of a model.

import { markView } from "../../../ui/page/model.js";
import { renderGraph } from "./graph.js";

export default {
  render({ model, el }) {
    markView(el, "graph");
    return renderGraph({ model, el });
  },
};
