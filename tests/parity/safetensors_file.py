"""Writes safetensors files from lists of numbers, without any package."""
import json
import struct

CODES = {"F32": "f", "F64": "d", "I64": "q"}


def write(path, tensors):
    """`tensors` is {name: (type, shape, values)}."""
    header, data = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        packed = struct.pack(f"<{len(values)}{CODES[dtype]}", *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header)
    text += " " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text.encode() + data)
