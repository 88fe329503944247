"""Asks dkimpy about signatures. The first argument is the DNS records: a JSON list of names and texts.

Without another it is about the one message on standard input, and the exit status says whether all signatures that can be asked about hold.
With `--many` it is about one message after another, each behind a line with its length: a line is printed for each, with
one word for every signature, the topmost first: `pass`, `fail`, or `unasked` where PyNaCl is missing for Ed25519.
"""

import json
import sys

import dkim

try:
    import nacl.signing
except ImportError:
    nacl = None

if sys.argv[1] == "--available":
    sys.exit(0)
RECORDS = {name.encode() + b".": text.encode() for name, text in json.loads(sys.argv[1])}


def word(message, index, value):
    if b"ed25519" in value and nacl is None:
        return "unasked"
    try:
        held = dkim.DKIM(message).verify(idx=index, dnsfunc=lambda name, timeout=5: RECORDS.get(name))
    except dkim.DKIMException:
        held = False
    return "pass" if held else "fail"


def words(message):
    fields, _ = dkim.rfc822_parse(message)
    values = [value for name, value in fields if name.lower() == b"dkim-signature"]
    return [word(message, index, value) for index, value in enumerate(values)]


if sys.argv[2:] == ["--many"]:
    while length := sys.stdin.buffer.readline():
        print(*words(sys.stdin.buffer.read(int(length))))
else:
    found = words(sys.stdin.buffer.read())
    sys.exit(0 if "pass" in found and "fail" not in found else 1)
