"""How long exports take to write and to read, what memory a stream needs, and a PDF of 1,000 codes.

Each format is written and read with 100, 1,000 and 10,000 entries, without and with a password.
Times are of the clock and of the processor: other work on the machine disturbs the second less.
Memory is what Python allocates at most while a stream is written from a generator, for a thousand
and for ten thousand entries. For the PDF the drawing of the codes stands apart from the layout; the
same codes as bare rectangles by reportlab are the floor. `EXPORT_COUNTS` sets other numbers.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vault import qr
from vault.formats import (
    aegis,
    andotp,
    authnode_json,
    container,
    csv_table,
    google_migration,
    otpauth_list,
    qr_sheet,
    qr_zip,
    uri_list,
)
from vault.formats.account import OtpAccount

COUNTS = [int(count) for count in os.environ.get("EXPORT_COUNTS", "100,1000,10000").split(",")]
SHEET = int(os.environ.get("EXPORT_SHEET", "1000"))
PASSWORD = "seven tall herons by the river"
GOAL_SECONDS, GOAL_SHEET_SECONDS, GOAL_SHEET_MB = 2.0, 8.0, 200


def accounts(count: int) -> Iterator[OtpAccount]:
    for number in range(count):
        yield OtpAccount(
            "totp",
            b"secret number %012d" % number,
            issuer=f"Service {number}",
            name=f"somebody{number}@example.com",
            categories=("Work",) if number % 3 else (),
            favourite=number % 7 == 0,
        )


def sealed(pieces: Iterable[bytes]) -> bytes:
    return b"".join(container.write(pieces, container.make_sealing(PASSWORD)))


def opened(data: bytes) -> bytes:
    return container.open_all(data, password=PASSWORD).content


Rows = list[OtpAccount]
FORMATS: dict[str, tuple[Callable[[Rows], Any], Callable[[Any], Iterable[OtpAccount]]]] = {
    "aegis": (lambda rows: b"".join(aegis.write(rows)), lambda data: aegis.read(data).accounts),
    "aegis, password": (
        lambda rows: aegis.write_sealed(rows, PASSWORD),
        lambda data: aegis.read(data, password=PASSWORD).accounts,
    ),
    "andotp": (lambda rows: b"".join(andotp.write(rows)), lambda data: andotp.read(data).accounts),
    "andotp, password": (
        lambda rows: andotp.write_sealed(rows, PASSWORD),
        lambda data: andotp.read(data, password=PASSWORD).accounts,
    ),
    "csv": (
        lambda rows: b"".join(csv_table.write(rows)),
        lambda data: csv_table.read(data).accounts,
    ),
    "csv, password": (
        lambda rows: sealed(csv_table.write(rows)),
        lambda data: csv_table.read(opened(data)).accounts,
    ),
    "plaintext": (
        lambda rows: b"".join(otpauth_list.write(rows)),
        lambda data: otpauth_list.read(data).accounts,
    ),
    "authnode": (
        lambda rows: b"".join(authnode_json.write(rows)),
        lambda data: authnode_json.read(data).accounts,
    ),
    "authnode, password": (
        lambda rows: sealed(authnode_json.write(rows)),
        lambda data: authnode_json.read(opened(data)).accounts,
    ),
    "google (links)": (
        google_migration.write,
        lambda uris: uri_list.read_uris(uris).accounts,
    ),
}
STREAMS: dict[str, Callable[[Iterable[OtpAccount]], Iterable[bytes]]] = {
    "andotp": andotp.write,
    "csv": csv_table.write,
    "plaintext": otpauth_list.write,
    "authnode": authnode_json.write,
    "csv, container": lambda rows: container.write(
        csv_table.write(rows), container.make_sealing(PASSWORD)
    ),
}


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - clock, time.process_time() - processor


def measure_formats() -> None:
    print(
        f"{'format':20} {'entries':>7} {'write s':>8} {'cpu':>6} "
        f"{'read s':>8} {'cpu':>6} {'per s':>9}"
    )
    for name, (write, read) in FORMATS.items():
        for count in COUNTS:
            rows = list(accounts(count))
            data, wrote, wrote_cpu = timed(lambda: write(rows))  # noqa: B023 - called at once
            back, was_read, read_cpu = timed(lambda: list(read(data)))  # noqa: B023 - as above
            assert [row.secret for row in back] == [row.secret for row in rows], name
            speed = count / max(wrote + was_read, 1e-9)
            late = " over 2 s" if max(wrote_cpu, read_cpu) > GOAL_SECONDS else ""
            print(
                f"{name:20} {count:7} {wrote:8.3f} {wrote_cpu:6.2f}"
                f" {was_read:8.3f} {read_cpu:6.2f} {speed:9.0f}{late}"
            )


def measure_memory() -> None:
    print("\nmost memory while a stream is written, MB")
    for name, write in STREAMS.items():
        found = []
        for count in (1000, 10_000):
            tracemalloc.start()
            total = sum(len(piece) for piece in write(accounts(count)))
            found.append((tracemalloc.get_traced_memory()[1] / 1e6, total / 1e6))
            tracemalloc.stop()
        (small, _), (large, size) = found
        print(f"{name:20} 1,000: {small:6.2f}   10,000: {large:6.2f}   (file of {size:.1f} MB)")


def measure_sheet() -> None:
    """In a process of its own, so that its memory is the sheet's."""
    rows = list(accounts(SHEET))
    words = qr_sheet.Words(made="1 January 2026")
    labels = qr_sheet.labels_of(rows, words)
    _, drawn, drawn_cpu = timed(
        lambda: [qr.draw(label.text, scale=1, quick=True) for label in labels]
    )
    print(f"\nPDF of {SHEET} codes, 3 columns")
    print(f"{'QR codes alone':28} {drawn:6.2f} s  cpu {drawn_cpu:6.2f}")
    pdf, whole, whole_cpu = timed(lambda: qr_sheet.write(labels, words))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rest, rest_cpu = whole - drawn, whole_cpu - drawn_cpu
    print(f"{'layout and writing':28} {rest:6.2f} s  cpu {rest_cpu:6.2f}")
    print(
        f"{'whole':28} {whole:6.2f} s  cpu {whole_cpu:6.2f}"
        f"  peak {peak:.0f} MB, {len(pdf) / 1e6:.1f} MB"
        f"  (goal {GOAL_SHEET_SECONDS:.0f} s, {GOAL_SHEET_MB} MB)"
    )
    _, took, took_cpu = timed(lambda: qr_sheet.seal(pdf, PASSWORD))
    print(f"{'AES-256 around it':28} {took:6.2f} s  cpu {took_cpu:6.2f}")
    _, took, took_cpu = timed(lambda: qr_zip.write(labels, PASSWORD))
    print(f"{'the same as a ZIP, AES-256':28} {took:6.2f} s  cpu {took_cpu:6.2f}")
    measure_floor(labels)


def measure_floor(labels: list[qr_sheet.Label]) -> None:
    import numpy as np
    import zxingcpp
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    def draw() -> bytes:
        packed = io.BytesIO()
        canvas = Canvas(packed, pagesize=A4)
        for place, label in enumerate(labels):
            if place and place % 15 == 0:
                canvas.showPage()
            left, top = 40 + place % 3 * 180, 760 - place % 15 // 3 * 150
            code = zxingcpp.create_barcode(label.text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
            modules = np.asarray(code.to_image(scale=1, add_quiet_zones=False))
            side = 100 / modules.shape[0]
            path = canvas.beginPath()
            for row, column in np.argwhere(modules == 0):
                path.rect(left + column * side, top - row * side, side, side)
            canvas.drawPath(path, stroke=0, fill=1)
            canvas.drawString(left, top - 115, label.title)
            canvas.drawString(left, top - 127, label.subtitle)
        canvas.save()
        return packed.getvalue()

    _, took, took_cpu = timed(draw)
    print(f"{'floor: reportlab, rectangles':28} {took:6.2f} s  cpu {took_cpu:6.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["sheet"]:
        measure_sheet()
    else:
        measure_formats()
        measure_memory()
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", "bench.bench_exports", "sheet"], check=True)
