"""Training: the dashboard, measures, notices and stored runs."""
