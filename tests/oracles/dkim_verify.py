"""Asks dkimpy whether the message on standard input bears a good signature; the argument is the DNS record."""

import sys

import dkim

if sys.argv[1] == "--available":
    sys.exit(0)
record = sys.argv[1].encode()
sys.exit(0 if dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda name, timeout=5: record) else 1)
