"""Sends the letter to every reader with Python's smtplib, from several processes, each on a kept connection.

    python3 smtplib_peer.py PORT PROCESSES LETTER READERS COUNT [KEY]

The letter's parts are cut at their marks once; a personal copy is a join. With KEY every message is signed by dkimpy.
"""

import csv
import html
import json
import multiprocessing
import re
import smtplib
import sys
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

MARKS = re.compile(r"\{\{(name|address|unsubscribe)\}\}")


def fill(cut, fields):
    return "".join(fields[piece] if at % 2 else piece for at, piece in enumerate(cut))


def compose(letter, number, address, name):
    unsubscribe = f"https://news.example.org/u/{number:026d}"
    message = EmailMessage(policy=SMTP)
    message["From"] = letter["from"]
    local, domain = address.split("@")
    message["To"] = Address(name, local, domain)
    message["Subject"] = letter["subject"]
    message["Message-ID"] = f"<2026-11.{number}@news.example.org>"
    message["List-Id"] = "Spring Notes <general.news.example.org>"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    fields = {"name": name, "address": address, "unsubscribe": unsubscribe}
    message.set_content(fill(letter["text"], fields), cte="quoted-printable")
    fields = {key: html.escape(value) for key, value in fields.items()}
    message.add_alternative(fill(letter["html"], fields), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def work(port, letter, readers, key):
    if key:
        import dkim
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for number, address, name in readers:
            octets = compose(letter, number, address, name)
            if key:
                octets = dkim.sign(octets, b"press", b"news.example.org", key, canonicalize=(b"relaxed", b"relaxed")) + octets
            connection.sendmail(f"b+{number}@news.example.org", [address], octets)


def main():
    port, processes, letter_file, readers_file, count = sys.argv[1:6]
    with open(letter_file, encoding="utf-8") as file:
        letter = json.load(file)
    letter["text"], letter["html"] = MARKS.split(letter["text"]), MARKS.split(letter["html"])
    with open(readers_file, encoding="utf-8", newline="") as file:
        rows = [(row["email"], row["name"]) for row, _ in zip(csv.DictReader(file), range(int(count)))]
    readers = [(number, *row) for number, row in enumerate(rows, 1)]
    key = None
    if len(sys.argv) > 6:
        with open(sys.argv[6], "rb") as file:
            key = file.read()
    processes = int(processes)
    team = [multiprocessing.Process(target=work, args=(int(port), letter, readers[at::processes], key)) for at in range(processes)]
    for one in team:
        one.start()
    for one in team:
        one.join()
    sys.exit(any(one.exitcode for one in team))


if __name__ == "__main__":
    main()
