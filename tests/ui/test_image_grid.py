"""Image grids: images, captions, text, and invalid input."""

import base64
import re
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

import kfunc_lab as lab


def shown_images(view) -> list[str]:
    return re.findall(r'<image [^>]*href="data:image/png;base64,([^"]+)"', view.to_svg())


def first_pixel(encoded: str) -> bytes:
    """Returns the first pixel of a PNG with one data chunk; the byte before it is the filter."""
    png = base64.b64decode(encoded)
    at = png.index(b"IDAT")
    size = int.from_bytes(png[at - 4 : at])
    return zlib.decompress(png[at + 4 : at + 4 + size])[1:4]


def test_images_of_every_kind_have_captions():
    view = lab.pictures(np.zeros((2, 28, 28), "uint8"), captions=["a<b", 7])
    assert len(shown_images(view)) == 2
    assert "a&lt;b" in view.to_svg()
    assert "a<b" not in view.to_svg()
    assert repr(view) == "2 images of 28 × 28: a<b, 7"
    assert repr(lab.pictures(np.zeros((2, 8, 8)), captions=np.arange(2))).endswith(": 0, 1")
    assert repr(lab.pictures(np.zeros((1, 28, 28, 1)))) == "1 image of 28 × 28"
    assert repr(lab.pictures(np.zeros((3, 32, 16, 3)))) == "3 images of 32 × 16 × 3"


def test_floats_are_clipped_to_zero_and_one():
    image = np.full((1, 2, 2, 3), 0.5)
    image[0, 0, 0] = (-1.0, 1.0, 7.0)
    [encoded] = shown_images(lab.pictures(image))
    assert first_pixel(encoded) == bytes([0, 255, 255])
    whole = np.full((1, 2, 2, 3), 200, "int64")
    assert first_pixel(shown_images(lab.pictures(whole))[0]) == bytes([200] * 3)
    nothing = np.full((1, 2, 2, 3), np.nan)
    assert first_pixel(shown_images(lab.pictures(nothing))[0]) == bytes(3)
    assert first_pixel(shown_images(lab.pictures(np.ones((1, 2, 2, 3), bool)))[0]) == bytes(
        [255] * 3
    )


def test_rows_are_cut_to_equal_length():
    view = lab.pictures(np.zeros((5, 8, 8)), np.ones((3, 8, 8, 1)))
    assert len(shown_images(view)) == 6
    assert repr(view) == "5 images of 8 × 8\n3 images of 8 × 8"


def test_grid_shows_64_images_and_counts_all():
    view = lab.pictures(np.zeros((1000, 4, 4)))
    assert len(shown_images(view)) == 64
    assert repr(view) == "1,000 images of 4 × 4"


def test_images_lie_side_by_side_within_the_picture():
    """Two rows of more images than fit side by side, so that they continue in another band."""
    view = lab.pictures(np.zeros((20, 4, 4)), np.ones((20, 4, 4)), captions=range(20))
    svg = ET.fromstring(view.to_svg())
    width, height = (float(svg.get(side)) for side in ("width", "height"))
    places = []
    for image in svg.iter("{http://www.w3.org/2000/svg}image"):
        x, y, w, h = (float(image.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= width - w
        assert 0 <= y <= height - h
        assert all(abs(x - left) >= w or abs(y - top) >= h for left, top in places)
        places.append((x, y))
    assert len(places) == 40


def test_text_follows_language():
    lab.language("es")
    assert repr(lab.pictures(np.zeros((2, 8, 8)))) == "2 imágenes de 8 × 8"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((28, 28)), "shape (28, 28)"),
        (np.zeros((2, 28, 28, 2)), "shape (2, 28, 28, 2)"),
        (np.array([["a"]]), "type <U1"),
        (5, "shape ()"),
    ],
)
def test_invalid_shape_raises(wrong, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        lab.pictures(wrong)


def test_empty_grid_raises():
    for nothing in ((), (np.zeros((0, 8, 8)),)):
        with pytest.raises(ValueError, match="no images to show"):
            lab.pictures(*nothing)


def test_grid_is_stored_and_saved(tmp_path):
    view = lab.pictures(np.zeros((2, 8, 8)))
    assert set(view._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
    assert view.save(tmp_path / "x.svg").read_text() == view.to_svg()
    with pytest.raises(ValueError, match=r"\.svg"):
        view.save(tmp_path / "x.jpg")


def test_few_images_are_larger():
    def width(count):
        svg = ET.fromstring(lab.pictures(np.zeros((count, 4, 4))).to_svg())
        return float(svg.find("{*}image").get("width"))

    assert width(4) > width(5) == width(64)
