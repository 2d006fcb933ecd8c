#!/usr/bin/env python3
"""Verifies a copied ledger or a receipt, from the public specifications alone (see README.md).

verify_ledger.py copy FOLDER KEY-FILE [CHECKPOINT-FILE ...]
verify_ledger.py receipt FILE KEY-FILE [CHECKPOINT-FILE ...]
"""
import base64, datetime, hashlib, json, pathlib, re, sys

SIZE = "0|[1-9][0-9]{0,15}"

def need(holds, what):
    if not holds:
        raise ValueError(what)

def text(file):
    content = pathlib.Path(file).read_bytes().decode()
    need(len(content) <= 1_000_000, f"{file} is too long")
    return content

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def octets(line, length=None):  # RFC 4648 section 4, and only the one text that given octets have
    value = base64.b64decode(line, validate=True)
    need(base64.b64encode(value).decode() == line, f"not canonical base64: {line[:40]}")
    need(length in (None, len(value)), f"not {length} octets: {line[:40]}")
    return value

# Ed25519 (RFC 8032 section 5.1): points in extended coordinates (X, Y, Z, T).
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    c, d = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P

def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        total, point, scalar = add(total, point) if scalar & 1 else total, add(point, point), scalar >> 1
    return total

def decode_point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT_OF_MINUS_1 % P
    need(y < P and (x * x - square) % P == 0 and not (x == 0 and sign), "no point of the curve")
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P

def signature_holds(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    need(len(key) == 32 and len(signature) == 64 and s < ORDER, "no Ed25519 key or signature")
    base = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    a, b = multiply(s, base), add(decode_point(signature[:32]), multiply(k, decode_point(key)))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0

def open_checkpoint(note, verifier_key):  # c2sp.org/signed-note, c2sp.org/tlog-checkpoint
    name, key_id, key = verifier_key.strip().split("+", 2)
    key = octets(key)
    need(key[:1] == b"\1" and sha256(name.encode(), b"\n", key)[:4].hex() == key_id, "a malformed verifier key")
    body, _, signatures = note.rpartition("\n\n")
    lines = [re.fullmatch(r"— ([^\s+\ufeff\x7f-\x9f]+) ([^ ]+)", line) for line in signatures.split("\n")[:-1]]
    need(all(lines) and 0 < len(lines) <= 100 and note.endswith("\n"), "a checkpoint that is no signed note")
    need(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "a checkpoint with control characters")
    signed = [(line[1], octets(line[2])) for line in lines]
    need(all(len(value) > 4 for _, value in signed), "a checkpoint with an empty signature")
    ours = [value[4:] for signer, value in signed if signer == name and value[:4].hex() == key_id]
    need(ours, "a checkpoint without a signature of the ledger's key")
    need(all(signature_holds(key[1:], f"{body}\n".encode(), one) for one in ours), "a signature does not hold")
    origin, size, root, *extensions = body.split("\n")
    need(origin == name and re.fullmatch(SIZE, size), "a checkpoint of another ledger or form")
    need(int(size) < 2**53 and all(extensions), "a checkpoint of another form")
    return int(size), octets(root, 32)

def root_of(subtrees):  # RFC 9162 section 2.1.1, of complete subtrees (height, hash) with the largest first
    root = subtrees[-1][1] if subtrees else sha256()
    for _, left in reversed(subtrees[:-1]):
        root = sha256(b"\1", left, root)
    return root

def read_tile(folder, level, index, width):  # c2sp.org/tlog-tiles
    groups = re.findall("...", str(index).zfill(-(-len(str(index)) // 3) * 3))
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    file = pathlib.Path(folder, f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else ""))
    return file, file.read_bytes()

def verify_copy(folder, key, against):
    kept = [file for file in pathlib.Path(folder, "checkpoints").glob("*.txt") if re.fullmatch(SIZE, file.stem)]
    notes = [pathlib.Path(folder, "checkpoint"), *kept, *against]
    stated = [open_checkpoint(text(file), key) for file in notes]
    need([size for size, _ in stated[1:len(kept) + 1]] == [int(file.stem) for file in kept], "kept under another size")
    roots = {size: {root for other, root in stated if other == size} for size, _ in stated}
    size, subtrees, levels = stated[0][0], [], {}
    need(roots.get(0, {sha256()}) == {sha256()}, "another root than the empty tree's was signed at 0 entries")
    need(max(roots) == size, f"a checkpoint is of {max(roots)} entries, the copy of {size}: rolled back, or old")
    for start in range(0, size, 256):
        width, hashes, at = min(256, size - start), [], 0
        file, bundle = read_tile(folder, "entries", start // 256, width)
        while at < len(bundle):
            end = at + 2 + int.from_bytes(bundle[at:at + 2], "big")
            need(end <= len(bundle), f"{file} ends within an entry")
            hashes.append(sha256(b"\0", bundle[at + 2:end]))
            at = end
        tile_file, tile = read_tile(folder, 0, start // 256, width)
        need(len(hashes) == width and tile == b"".join(hashes), f"{tile_file} and the entries in {file} differ")
        for leaf, value in enumerate(hashes, start + 1):
            subtrees.append((0, value))
            while len(subtrees) > 1 and subtrees[-1][0] == subtrees[-2][0]:
                (height, left), (_, right) = subtrees[-2:]
                subtrees[-2:] = [(height + 1, sha256(b"\1", left, right))]
                if height % 8 == 7:
                    levels.setdefault((height + 1) // 8, []).append(subtrees[-1][1])
            need(leaf not in roots or roots[leaf] == {root_of(subtrees)}, f"another root at {leaf} entries was signed")
    for level, hashes in levels.items():
        for index in range(0, len(hashes), 256):
            file, tile = read_tile(folder, level, index // 256, min(256, len(hashes) - index))
            need(tile == b"".join(hashes[index:index + 256]), f"{file} is not what the entries give")
    return f"the copy holds: {size} entries, {len(notes)} checkpoints"

def integer(number):
    need(re.fullmatch("-?[0-9]{1,16}", number) and abs(int(number)) < 2**53, f"no number of an act: {number[:40]}")
    return int(number)

def read_act(entry):  # docs/ledger.md, RFC 8785
    act = json.loads(entry.decode(), parse_int=integer, parse_float=integer, parse_constant=integer)
    canonical = json.dumps(act, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    need(canonical == entry and set(act) == {"at", "by", "kind", "subject", "version"}, "the entry is no act")
    need(entry.endswith(b',"version":1}') and isinstance(act["by"], str), "the entry is no act of this version")
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z", act["at"]), "an act without its time")
    datetime.datetime.fromisoformat(act["at"][:-1])
    return act

def verify_receipt(file, key, against):  # c2sp.org/tlog-proof, RFC 9162 section 2.1.3.2
    form = ("OpenSMKI receipt v1\n(?:#[^\n]*\n){0,50}verifier-key [^ \n]+\n\n"
            "-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END CERTIFICATE-----\n\n"
            "c2sp[.]org/tlog-proof@v1\nextra ([^\n]+)\nindex (0|[1-9][0-9]*)\n((?:[^\n]+\n)*)\n(.*)")
    parts = re.fullmatch(form, text(file), re.S)
    need(parts, "the file is no receipt")
    certificate, entry, leaf = octets(parts[1].replace("\n", "")), octets(parts[2]), int(parts[3])
    (size, root), act, index = open_checkpoint(parts[5], key), read_act(entry), leaf
    subject = act["subject"]
    need(act["kind"] == "certificate.issued", "the entry is no act of issuing")
    need(all(isinstance(subject[name], str) for name in ("authority", "chunk")), "no act of issuing of this form")
    serial = bytes.fromhex(subject["serialNumber"])
    named = subject["certificate"] == hashlib.sha256(certificate).hexdigest()
    need(named and serial.hex() == subject["serialNumber"] and bytes([2, len(serial)]) + serial in certificate[:48], "the act is of another certificate")
    value, last = sha256(b"\0", entry), size - 1
    for sibling in [octets(line, 32) for line in parts[4].split("\n")[:-1]]:
        on_the_right = leaf % 2 == 1 or leaf == last
        need(last > 0, "the proof is too long")
        value = sha256(b"\1", sibling, value) if on_the_right else sha256(b"\1", value, sibling)
        while on_the_right and leaf % 2 == 0 and leaf != 0:
            leaf, last = leaf // 2, last // 2
        leaf, last = leaf // 2, last // 2
    need(index < size and last == 0 and value == root, "the proof does not lead to the checkpoint's root")
    stated = [open_checkpoint(text(note), key) for note in against]
    need(all(one == (size, root) for one in stated), "a checkpoint is not the receipt's: verify a copy against it")
    return f"the receipt holds: certificate {serial.hex()} is entry {index} of {size}, recorded at {act['at']}"

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("copy", "receipt"):
        raise SystemExit(__doc__)
    _, what, path, key_file, *against = sys.argv
    try:
        print((verify_copy if what == "copy" else verify_receipt)(path, text(key_file), against))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise SystemExit(f"does NOT hold: {error}")
