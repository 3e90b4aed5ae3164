"""What every view shares: theme, text, tables, images, files and the page's modules."""
