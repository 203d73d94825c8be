#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A terminal's screen as a picture: render.py COLUMNSxROWS dark|light FILE.png < SCREEN

SCREEN is what `tmux capture-pane -e -N -p` prints: rows of UTF-8 with attributes and colours (of 8, 16,
256, or direct) as escape sequences. Braille, bars and shades are drawn as terminals draw them, from
edge to edge; everything else in DejaVu Sans Mono.
"""
import re
import sys
import unicodedata

from PIL import Image, ImageDraw, ImageFont

W, H, EDGE = 9, 18, 6  # of a cell, and around all cells, in pixels
FONTS = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
THEMES = {"dark": ((0x1E, 0x1E, 0x1E), (0xD8, 0xD8, 0xD8)), "light": ((255, 255, 255), (0x20, 0x20, 0x20))}
BASE = ["000000", "cc3333", "33aa33", "c4a000", "5588dd", "a65da6", "06989a", "d3d7cf",
        "666666", "ef2929", "8ae234", "fce94f", "729fcf", "ad7fa8", "34e2e2", "eeeeec"]
TOKEN = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[^a-zA-Z]*[a-zA-Z]|\x1b.|(.)", re.S)


def color_of(n):
    """One of 256 colours, as red, green, blue."""
    if n < 16:
        return tuple(bytes.fromhex(BASE[n]))
    if n < 232:
        steps = ((n - 16) // 36, (n - 16) // 6 % 6, (n - 16) % 6)
        return tuple(55 + 40 * s if s else 0 for s in steps)
    return (8 + 10 * (n - 232),) * 3


def mix(a, b, part):
    return tuple(round(x + (y - x) * part) for x, y in zip(a, b))


class Pen:
    """The attributes that the next character has."""

    def __init__(self, background, foreground):
        self.theme = (background, foreground)
        self.reset()

    def reset(self):
        self.bold = self.dim = self.reverse = False
        self.background, self.foreground = self.theme

    def extended(self, codes):
        """What follows 38 or 48: an index, or red, green and blue. Takes it from `codes`."""
        if codes.pop(0) == 5:
            return color_of(codes.pop(0))
        return tuple(codes.pop(0) for _ in range(3))

    def take(self, parameters):
        codes = [int(p or 0) for p in parameters.replace(":", ";").split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 7):
                setattr(self, {1: "bold", 2: "dim", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code == 27:
                self.reverse = False
            elif code in (38, 48):
                setattr(self, "foreground" if code == 38 else "background", self.extended(codes))
            elif code in (39, 49):
                setattr(self, "foreground" if code == 39 else "background", self.theme[code == 39])
            elif 30 <= code % 60 < 38:
                self.foreground = color_of(code - 30 if code < 90 else code - 82)
            elif 40 <= code % 60 < 48:
                self.background = color_of(code - 40 if code < 100 else code - 92)

    def colors(self):
        ink = mix(self.foreground, self.background, 0.45) if self.dim else self.foreground
        return (ink, self.background) if self.reverse else (self.background, ink)


def boxes(char, ink, paper):
    """What is drawn as rectangles: (x0, y0, x1, y1, colour) in parts of a cell; None: a letter."""
    o = ord(char)
    if 0x2800 <= o < 0x2900:
        dots = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
        return [(.17 + x / 2, .06 + y / 4, .39 + x / 2, .19 + y / 4, ink)
                for bit, (x, y) in enumerate(dots) if o - 0x2800 >> bit & 1]
    if 0x2581 <= o <= 0x2588:
        return [(0, 1 - (o - 0x2580) / 8, 1, 1, ink)]
    if 0x2591 <= o <= 0x2593:
        return [(0, 0, 1, 1, mix(paper, ink, (o - 0x2590) / 4))]
    if o == 0x2580:
        return [(0, 0, 1, .5, ink)]
    if 0x2596 <= o <= 0x259F:
        mask = (4, 8, 1, 13, 9, 7, 11, 2, 6, 14)[o - 0x2596]
        return [(i % 2 / 2, i // 2 / 2, i % 2 / 2 + .5, i // 2 / 2 + .5, ink)
                for i in range(4) if mask >> i & 1]
    return None


def draw(canvas, fonts, pen, char, column, row):
    x, y, wide = EDGE + column * W, EDGE + row * H, 1 + (unicodedata.east_asian_width(char) in "WF")
    paper, ink = pen.colors()
    if paper != pen.theme[0]:
        canvas.rectangle((x, y, x + wide * W - 1, y + H - 1), fill=paper)
    parts = boxes(char, ink, paper)
    for x0, y0, x1, y1, fill in parts or ():
        canvas.rectangle((x + round(x0 * W), y + round(y0 * H), x + round(x1 * W) - 1,
                          y + round(y1 * H) - 1), fill=fill)
    if parts is None and char != " ":
        canvas.text((x, y), char, font=fonts[pen.bold], fill=ink)
    return wide


def main():
    size, theme, path = sys.argv[1:]
    columns, rows = (int(n) for n in size.split("x"))
    pen = Pen(*THEMES[theme])
    fonts = [ImageFont.truetype(FONTS + kind + ".ttf", 15) for kind in ("", "-Bold")]
    picture = Image.new("RGB", (columns * W + 2 * EDGE, rows * H + 2 * EDGE), THEMES[theme][0])
    canvas = ImageDraw.Draw(picture)
    for row, line in enumerate(sys.stdin.read().split("\n")[:rows]):
        column = 0
        for parameters, char in ((m.group(1), m.group(2)) for m in TOKEN.finditer(line)):
            if parameters is not None:
                pen.take(parameters)
            elif char and unicodedata.combining(char):
                canvas.text((EDGE + (column - 1) * W, EDGE + row * H), char, font=fonts[pen.bold],
                            fill=pen.colors()[1])
            elif char:
                column += draw(canvas, fonts, pen, char, column, row)
    picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


main()
