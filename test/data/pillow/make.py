"""Writes small pictures of every kind beside itself, and in expected.json what Pillow's convert("RGB") makes of them."""
import base64
import json
import struct
import warnings
import zlib
from pathlib import Path

import PIL
from PIL import Image

warnings.simplefilter("ignore")
FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 8, 2
DEEP = [[0, 1, 127, 128, 129, 255, 256, 257], [300, 1000, 5000, 20000, 32767, 32768, 65534, 65535]]
PALETTE = bytes(i * 37 % 256 for i in range(48))


def png(name, depth, colour, rows, *chunks, width=WIDTH):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    extra = b"".join(chunk(*one) for one in chunks)
    (FOLDER / name).write_bytes(b"\x89PNG\r\n\x1a\n" + head + extra + data + chunk(b"IEND", b""))


def deep(*channels):
    return [b"".join(struct.pack(">H", c[y][x]) for x in range(WIDTH) for c in channels) for y in range(HEIGHT)]


def shallow(first, channels=1):
    size = WIDTH * channels
    return [bytes((first + 29 * i) % 256 for i in range(y * size, (y + 1) * size)) for y in range(HEIGHT)]


turned = DEEP[::-1]
png("gray-16.png", 16, 0, deep(DEEP))
png("gray-16-hidden.png", 16, 0, deep(DEEP), (b"tRNS", struct.pack(">H", 5000)))
png("gray-alpha-16.png", 16, 4, deep(DEEP, turned))
png("rgb-16.png", 16, 2, deep(DEEP, turned, DEEP))
png("rgba-16.png", 16, 6, deep(DEEP, turned, DEEP, turned))
png("gray-1.png", 1, 0, [b"\xa5", b"\x0f"])
png("gray-2.png", 2, 0, [b"\x1b\xe4", b"\x00\xff"])
png("gray-4.png", 4, 0, [b"\x01\x7f", b"\x89\xf0"], width=4)
png("gray-alpha.png", 8, 4, shallow(3, 2))
png("gray-hidden.png", 8, 0, shallow(3), (b"tRNS", struct.pack(">H", 3)))
png("rgb-hidden.png", 8, 2, shallow(3, 3), (b"tRNS", struct.pack(">HHH", 3, 32, 61)))
png("palette-hidden.png", 8, 3, [bytes(range(8)), bytes(range(8, 16))], (b"PLTE", PALETTE), (b"tRNS", b"\0\x80\xff\x0a"))
png("palette-1.png", 1, 3, [b"\xa5", b"\x0f"], (b"PLTE", PALETTE[:6]))
grays = Image.new("I;16", (WIDTH, HEIGHT))
grays.putdata([gray for row in DEEP for gray in row])
grays.save(FOLDER / "gray-16.tif")

smooth = Image.linear_gradient("L").resize((16, 16))
picture = Image.merge("RGB", [smooth, smooth.rotate(90), smooth.rotate(180)])
turn = Image.Exif()
turn[0x0112] = 6
picture.crop((0, 0, 16, 11)).save(FOLDER / "turned.jpg", exif=turn)
picture.convert("CMYK").save(FOLDER / "ink.jpg")
few = picture.quantize(8)
few.save(FOLDER / "palette-hidden.gif", transparency=3)
few.save(FOLDER / "palette.gif")

expected = {"pillow": PIL.__version__, "pictures": {}}
for file in sorted(FOLDER.iterdir()):
    if file.suffix in {".png", ".tif", ".jpg", ".gif"}:
        image = Image.open(file)
        rgb = image.convert("RGB")
        pixels = base64.b64encode(rgb.tobytes()).decode()
        expected["pictures"][file.name] = {"mode": image.mode, "width": rgb.width, "height": rgb.height, "pixels": pixels}
(FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
