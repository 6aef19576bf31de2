"""Files as the client of Weights & Biases writes them, without the client."""

import json
import zlib


def varint(number):
    head = b""
    while number > 127:
        head, number = head + bytes([number & 127 | 128]), number >> 7
    return head + bytes([number])


def field(number, content):
    """Of a protocol buffer: a whole number, or bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def history(step, items):
    """A Record of one row; a key is a name, or a tuple of names that are nested."""
    row = b""
    for key, value in items.items():
        name = field(1, key.encode()) if isinstance(key, str) else b"".join(field(2, part.encode()) for part in key)
        row += field(1, name + field(16, json.dumps(value).encode()))
    return field(1, step) + field(2, row + field(2, field(1, step)))


def written(path, records):
    """A LevelDB log: blocks of 32 KiB."""
    made = bytearray(b":W&B\xe1\xbe\x00")
    for whole in records:
        first, record = True, memoryview(whole)
        while first or record:
            room = 32768 - len(made) % 32768
            if room < 7:
                made += bytes(room)
                room = 32768
            piece, record = record[: room - 7], record[room - 7 :]
            kind = (1 if not record else 2) if first else (4 if not record else 3)
            checksum = zlib.crc32(piece, zlib.crc32(bytes([kind])))
            made += checksum.to_bytes(4, "little") + len(piece).to_bytes(2, "little") + bytes([kind]) + piece
            first = False
    path.write_bytes(made)
    return path
