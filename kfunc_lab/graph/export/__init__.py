"""Writes a graph for other programs: tables, DOT, Mermaid."""
