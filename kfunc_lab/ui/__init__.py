"""The parts that all views share: theme, text, tables, images, files and page modules."""
