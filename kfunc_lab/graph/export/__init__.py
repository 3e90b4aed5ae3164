"""Exports a graph to other formats: tables, DOT, Mermaid."""
