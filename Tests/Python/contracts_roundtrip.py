"""The other side of ContractsTests/PythonTests.swift: the same messages in Google's own protobuf.

contracts_roundtrip.py make DESCRIPTOR-SET SEED COUNT   prints `full.name hex` for COUNT random messages of every type
contracts_roundtrip.py check DESCRIPTOR-SET           reads `full.name hex-sent hex-returned`, and fails unless both mean the same
"""

import random
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TEXTS = ["", "a", "usr_123", "Zürich", "日本語", "😀" * 20, "x" * 300, "line\nbreak", "\u0001"]


def classes(path: str):
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(open(path, "rb").read()).file
    for file in files:
        pool.Add(file)
    for file in files:
        if file.package.startswith("google.") or file.name.endswith("options.proto"):
            continue
        for message in file.message_type:
            name = f"{file.package}.{message.name}"
            yield name, message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def scalar(field, rng: random.Random):
    kind = field.cpp_type
    if kind == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind == field.CPPTYPE_DOUBLE:  # no -0.0: protobuf-c sends nothing for it, which is 0.0
        return rng.choice([0.0, 1.5, -1e300, float("inf"), rng.uniform(-1e9, 1e9)])
    if kind == field.CPPTYPE_ENUM:
        return rng.choice([0, 1, 2, 3, 77, -1])
    if kind == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return rng.randbytes(rng.choice([0, 1, 100, 5000]))
        return rng.choice(TEXTS)
    ends = {
        field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
        field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
        field.CPPTYPE_UINT32: (0, 2**32 - 1),
        field.CPPTYPE_UINT64: (0, 2**64 - 1),
    }[kind]
    return rng.choice([0, 1, ends[0], ends[1], rng.randint(*ends)])


def is_map(field) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill(message, rng: random.Random):
    for field in message.DESCRIPTOR.fields:
        if rng.random() < 0.3:
            continue
        if is_map(field):
            for _ in range(rng.randint(0, 4)):
                fill(getattr(message, field.name)[rng.choice(TEXTS)], rng)
        elif field.is_repeated:
            items = getattr(message, field.name)
            for _ in range(rng.choice([0, 1, 3, 40])):
                if field.message_type:
                    fill(items.add(), rng)
                else:
                    items.append(scalar(field, rng))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), rng)
        else:
            setattr(message, field.name, scalar(field, rng))


def make(path: str, seed: int, count: int):
    rng = random.Random(seed)
    for name, kind in classes(path):
        for _ in range(count):
            message = kind()
            fill(message, rng)
            print(name, message.SerializeToString().hex() or "-")


def check(path: str) -> int:
    known = dict(classes(path))
    wrong = 0
    for line in sys.stdin:
        name, *texts = line.split()
        sent, returned = (known[name].FromString(bytes.fromhex(text.strip("-"))) for text in texts)
        if sent != returned:
            wrong += 1
            print(f"{name}\n sent: {sent}\n returned: {returned}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(check(sys.argv[2]))
