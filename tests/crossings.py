"""Finds lines of a picture that cross a shape or the title of an open group."""

from kfunc_lab.graph.picture.lines.curves import point_at
from kfunc_lab.graph.picture.svg import picture_of
from kfunc_lab.ui.text_width import text_width

STEPS = 24  # points on each Bézier curve


def crossings(layouts, opened):
    """Returns what is crossed, and the wire that crosses it."""
    picture = picture_of(layouts, opened)
    areas = [(label.words, *label_area(label)) for label in picture.labels]
    areas += [
        (text.words, *text_area(frame, text))
        for frame in picture.frames
        for text in layouts.boxes[frame.item].title
    ]
    lines = [(curve.wire, line_points(curve.points)) for curve in picture.curves]
    return [
        (words, wire)
        for words, left, top, right, bottom in areas
        for wire, points in lines
        if any(left < x < right and top < y < bottom for x, y in points)
    ]


def label_area(label):
    half = text_width(label.words, 10) / 2
    return label.x - half, label.y - 4, label.x + half, label.y + 4


def text_area(frame, text):
    left, base = frame.x + text.x, frame.y + text.y
    return left, base - 9, left + text_width(text.words, text.size, text.bold), base + 2


def line_points(points):
    curves = (len(points) // 2 - 1) // 3
    return [point_at(points, step / STEPS) for step in range(curves * STEPS + 1)]
