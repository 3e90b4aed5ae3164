"""Builds the font of PDF and PNG pictures: `kfunc_lab/ui/fonts`.

It needs fonttools and the fonts of Debian's package fonts-croscore, which the environment of the
project does not hold:

    python -m venv /tmp/fonts && /tmp/fonts/bin/pip install fonttools
    /tmp/fonts/bin/python tools/build_fonts.py /usr/share/fonts/truetype/croscore
"""

import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent.parent / "kfunc_lab/ui/fonts"

# Latin, Greek, Cyrillic, punctuation, and the signs of the pictures.
UNICODES = [
    *range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x400), *range(0x400, 0x460),
    *range(0x2010, 0x2027), *map(ord, "→↔►▼■●□○◊×÷−≤≥≈∞…₀₁₂₃₄₅₆₇₈₉"),
]  # fmt: skip


def build(source: Path, weight: str) -> dict[str, list[int]]:
    """Writes one subset, and returns the glyph and the width of each character."""
    options = subset.Options(
        hinting=False, layout_features=[], notdef_outline=True, name_IDs=[1, 2, 4, 6, 13, 14]
    )
    font = TTFont(source / f"Arimo-{weight}.ttf")
    worker = subset.Subsetter(options)
    worker.populate(unicodes=UNICODES)
    worker.subset(font)
    font.save(FOLDER / f"arimo-{weight.lower()}.ttf")
    scale = 1000 / font["head"].unitsPerEm
    return {
        chr(code): [font.getGlyphID(name), round(font["hmtx"][name][0] * scale)]
        for code, name in sorted(font.getBestCmap().items())
    }


def main() -> None:
    """Builds the regular and the bold font."""
    source = Path(sys.argv[1])
    FOLDER.mkdir(exist_ok=True)
    glyphs = {weight.lower(): build(source, weight) for weight in ("Regular", "Bold")}
    text = json.dumps(glyphs, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / "glyphs.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
