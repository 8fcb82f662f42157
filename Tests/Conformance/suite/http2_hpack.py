"""RFC 7541: header compression."""

import hpack
import wire
from cases import Table, connection_error

TABLE = Table()
case = TABLE.case

BROKEN = connection_error("COMPRESSION_ERROR")


def with_block(c, target, extra: bytes, behind: bool = True):
    block = target.block()
    c.start().send(wire.headers(1, block + extra if behind else extra + block), wire.data(1, target.body, end=True))


def huffman(text: bytes) -> bytes:
    """As a field's value; the encoder writes nothing but it into the first bytes of a literal."""
    encoded = hpack.huffman.HuffmanEncoder(hpack.huffman_constants.REQUEST_CODES, hpack.huffman_constants.REQUEST_CODES_LENGTH).encode(text)
    return wire.integer(len(encoded), 7, 0x80) + encoded


@case("2.3.3", "an index past both tables", *BROKEN)
def _(c, target):
    with_block(c, target, wire.integer(70, 7, 0x80))


@case("2.3.3", "a literal whose name has an index past both tables", *BROKEN)
def _(c, target):
    with_block(c, target, wire.integer(70, 6, 0x40) + wire.text("value"))


@case("4.2", "a size update at the end of a block", *BROKEN)
def _(c, target):
    with_block(c, target, wire.integer(1, 5, 0x20))


@case("4.2", "a size update at the beginning", "OK")
def _(c, target):
    with_block(c, target, wire.integer(1024, 5, 0x20), behind=False)


@case("4.2", "two size updates at the beginning", "OK")
def _(c, target):
    with_block(c, target, wire.integer(0, 5, 0x20) + wire.integer(4096, 5, 0x20), behind=False)


@case("5.1", "an integer that goes on for ever", *BROKEN)
def _(c, target):
    with_block(c, target, b"\xff" + b"\x80" * 20 + b"\x01")


@case("5.1", "an integer that ends in the middle", *BROKEN)
def _(c, target):
    with_block(c, target, b"\xff\x80")


@case("5.2", "Huffman-coded values", "OK")
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-huffman") + huffman(b"a value of several words"))


@case("5.2", "Huffman padding of more than 7 bits", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-test") + b"\x85\xf2\xb2\x4a\x84\xff\xff")


@case("5.2", "Huffman padding of zeros", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-test") + b"\x83\xf2\xb2\x40")


@case("5.2", "the Huffman code of EOS", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-test") + b"\x87\xf2\xb2\x4a\xff\xff\xff\xff")


@case("5.2", "a text that is longer than the block", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-test") + wire.integer(100, 7) + b"short")


@case("6.1", "index 0", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x80")


@case("6.1", "fields of the static table", "OK")
def _(c, target):
    with_block(c, target, wire.integer(16, 7, 0x80))  # accept-encoding: gzip, deflate


@case("6.2.1", "a literal with indexing, used again", "OK")
def _(c, target):
    with_block(c, target, b"\x40" + wire.text("x-kept") + wire.text("value") + wire.integer(62, 7, 0x80))


@case("6.2.2", "a literal without indexing leaves the table as it was", *BROKEN)
def _(c, target):
    with_block(c, target, b"\x00" + wire.text("x-lost") + wire.text("value") + wire.integer(62, 7, 0x80))


@case("6.2.3", "a literal that is never indexed", "OK")
def _(c, target):
    with_block(c, target, b"\x10" + wire.text("x-secret") + wire.text("value"))


@case("4.4", "an entry larger than the table empties it", *BROKEN)
def _(c, target):
    small = b"\x40" + wire.text("x-kept") + wire.text("value")
    large = b"\x40" + wire.text("x-large") + wire.text("v" * 5000)
    with_block(c, target, small + large + wire.integer(62, 7, 0x80))


@case("6.3", "a size update above SETTINGS_HEADER_TABLE_SIZE", *BROKEN)
def _(c, target):
    with_block(c, target, wire.integer(1 << 20, 5, 0x20), behind=False)
