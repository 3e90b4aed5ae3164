"""A font in a PDF file: its glyphs, their widths, and the text that they stand for."""

from typing import Any

from kfunc_lab.ui import fonts


class Font:
    """One font of a file.

    The text is written in the numbers of its glyphs ("Identity-H" in ISO 32000-1, 9.7.5.2), and a
    table gives a reader back the characters, so that the text can be searched and copied.

    Attributes:
        name: The name by which the page selects it.
        bold: Whether it is bold.
        used: The glyph and the width of each character that was written.
        missing: The characters that it lacks, each once.
    """

    def __init__(self, name: str, bold: bool) -> None:
        self.name = name
        self.bold = bold
        self.used: dict[str, tuple[int, int]] = {}
        self.missing = ""

    def width(self, text: str) -> int:
        """Returns the width of a text in thousandths of the font size."""
        return sum(width for _glyph, width in map(self._glyph, text))

    def encoded(self, text: str) -> str:
        """Encodes a text as the numbers of its glyphs, in hexadecimal digits."""
        for it in text:
            self.used[it] = self._glyph(it)
        if lacking := fonts.missing(text):
            self.missing = "".join(dict.fromkeys(self.missing + lacking))
        return "".join(f"{self.used[it][0]:04x}" for it in text)

    def _glyph(self, character: str) -> tuple[int, int]:
        return fonts.glyphs(self.bold).get(character, (0, 750))

    def add_to(self, file: Any) -> Any:
        """Adds the font to a file and returns the reference to it."""
        import pydyf

        content = fonts.FILES[self.bold].read_bytes()
        program = pydyf.Stream([content], {"Length1": len(content)}, compress=True)
        file.add_object(program)
        base = "/ArimoBold" if self.bold else "/Arimo"
        descriptor = pydyf.Dictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": base,
                "Flags": 4,
                "FontBBox": pydyf.Array([-549, -303, 2000, 1050]),
                "ItalicAngle": 0,
                "Ascent": 905,
                "Descent": -212,
                "CapHeight": 716,
                "StemV": 140 if self.bold else 80,
                "FontFile2": program.reference,
            }
        )
        file.add_object(descriptor)
        characters = pydyf.Stream([_character_map(self.used)], compress=True)
        file.add_object(characters)
        descendant = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2",
                "BaseFont": base,
                "CIDSystemInfo": pydyf.Dictionary(
                    {
                        "Registry": pydyf.String("Adobe"),
                        "Ordering": pydyf.String("Identity"),
                        "Supplement": 0,
                    }
                ),
                "FontDescriptor": descriptor.reference,
                "CIDToGIDMap": "/Identity",
                "W": _widths(self.used),
            }
        )
        file.add_object(descendant)
        font = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": base,
                "Encoding": "/Identity-H",
                "DescendantFonts": pydyf.Array([descendant.reference]),
                "ToUnicode": characters.reference,
            }
        )
        file.add_object(font)
        return font.reference


def _widths(used: dict[str, tuple[int, int]]) -> Any:
    import pydyf

    widths = pydyf.Array()
    for glyph, width in sorted(set(used.values())):
        widths += [glyph, pydyf.Array([width])]
    return widths


def _character_map(used: dict[str, tuple[int, int]]) -> str:
    """Writes the character of each glyph (ISO 32000-1, 9.10.3)."""
    pairs = sorted((glyph, it) for it, (glyph, _width) in used.items())
    lines = [f"<{glyph:04x}> <{it.encode('utf-16-be').hex()}>" for glyph, it in pairs]
    blocks = [lines[at : at + 100] for at in range(0, len(lines), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CMapName /Characters def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *(
                f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar"
                for block in blocks
            ),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    )
