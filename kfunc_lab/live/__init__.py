"""What happens while a learner's code runs: failures and the mistakes behind them."""
