"""Makes the JPEG files of the tests and, as PNG, what Pillow reads in them. Made with Pillow 13.0.

usage: make.py FOLDER
"""

import pathlib
import sys

import numpy
from PIL import Image

folder = pathlib.Path(sys.argv[1])
rows, columns = numpy.mgrid[0:19, 0:26]
image = Image.fromarray(numpy.stack([rows * 9 + 20, columns * 8 + 30, (rows + columns) * 5], axis=2).astype("uint8"))


def save(name, picture, **options):
    file = folder / f"{name}.jpg"
    picture.save(file, optimize=True, **options)
    Image.open(file).convert("RGB").save(folder / f"{name}.png", optimize=True)


orientation = Image.Exif()
orientation[0x0112] = 6  # stored lying on its side
save("rgb", image, quality=85)
save("full", image, quality=85, subsampling=0)
save("progressive", image, quality=85, progressive=True)
save("rotated", image, quality=85, exif=orientation)
save("grey", image.convert("L"), quality=85)
image.convert("CMYK").save(folder / "cmyk.jpg", quality=50, optimize=True)
