"""The state of a notebook's graph: calls, variables, and the statements behind them."""
