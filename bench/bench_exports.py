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
from contextlib import contextmanager
from typing import Any
from unittest import mock

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
    with writing_timed() as writing:
        pdf, whole, whole_cpu = timed(lambda: qr_sheet.write(labels, words))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, drawn, drawn_cpu = timed(
        lambda: [qr.draw(label.text, scale=1, quick=True) for label in labels]
    )
    wrote, wrote_cpu = writing
    print(f"\nPDF of {SHEET} codes, 3 columns")
    show("QR codes alone", drawn, drawn_cpu)
    show("layout", whole - drawn - wrote, whole_cpu - drawn_cpu - wrote_cpu)
    show("writing the PDF", wrote, wrote_cpu)
    show(
        "whole",
        whole,
        whole_cpu,
        f"peak {peak:.0f} MB, {len(pdf) / 1e6:.1f} MB"
        f"  (goal {GOAL_SHEET_SECONDS:.0f} s, {GOAL_SHEET_MB} MB)",
    )
    _, took, took_cpu = timed(lambda: qr_sheet.seal(pdf, PASSWORD))
    show("AES-256 around it", took, took_cpu)
    measure_floor(labels)
    packed, took, took_cpu = timed(lambda: qr_zip.write(labels, PASSWORD))
    show("the same as a ZIP, AES-256", took, took_cpu, f"{len(packed) / 1e6:.1f} MB")
    read, took, took_cpu = timed(lambda: qr_zip.read(packed, password=PASSWORD))
    assert [row.secret for row in read.accounts] == [row.secret for row in rows]
    show("reading that ZIP back", took, took_cpu)


def show(name: str, clock: float, processor: float, more: str = "") -> None:
    print(f"{name:30} {clock:6.2f} s  cpu {processor:6.2f}  {more}".rstrip())


@contextmanager
def writing_timed() -> Iterator[list[float]]:
    """Time of the clock and of the processor that WeasyPrint takes to write what it laid out."""
    import weasyprint

    took = [0.0, 0.0]
    write_pdf = weasyprint.Document.write_pdf

    def write(document: Any, *args: Any, **options: Any) -> Any:
        pdf, took[0], took[1] = timed(lambda: write_pdf(document, *args, **options))
        return pdf

    with mock.patch.object(weasyprint.Document, "write_pdf", write):
        yield took


def measure_floor(labels: list[qr_sheet.Label]) -> None:
    """The same codes drawn bare by reportlab, the dark modules of a row joined to rectangles."""
    import numpy as np
    import zxingcpp

    def matrices() -> list[Any]:
        made = []
        for label in labels:
            code = zxingcpp.create_barcode(label.text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
            made.append(np.asarray(code.to_image(scale=1, add_quiet_zones=False)) == 0)
        return made

    codes, wrote, wrote_cpu = timed(matrices)
    pdf, drew, drew_cpu = timed(lambda: draw_bare(labels, codes))
    show("floor: QR codes", wrote, wrote_cpu)
    show("floor: reportlab's drawing", drew, drew_cpu, f"{len(pdf) / 1e6:.1f} MB")
    show("floor: whole", wrote + drew, wrote_cpu + drew_cpu)


def draw_bare(labels: list[qr_sheet.Label], codes: list[Any]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    packed = io.BytesIO()
    canvas = Canvas(packed, pagesize=A4)
    for place, (label, modules) in enumerate(zip(labels, codes, strict=True)):
        if place and place % 15 == 0:
            canvas.showPage()
        left, top = 40 + place % 3 * 180, 760 - place % 15 // 3 * 150
        side = 100 / len(modules)
        path = canvas.beginPath()
        for row, start, end in dark_runs(modules):
            path.rect(left + start * side, top - row * side, (end - start) * side, side)
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.drawString(left, top - 115, label.title)
        canvas.drawString(left, top - 127, label.subtitle)
    canvas.save()
    return packed.getvalue()


def dark_runs(modules: Any) -> Iterator[tuple[int, int, int]]:
    """Row, first and one past the last column of each stretch of dark modules."""
    import numpy as np

    edges = np.diff(np.pad(modules.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    # Starts and ends come in the same order, row by row.
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    for (row, start), (_, end) in zip(starts.tolist(), ends.tolist(), strict=True):
        yield row, start, end


if __name__ == "__main__":
    if sys.argv[1:] == ["sheet"]:
        measure_sheet()
    else:
        measure_formats()
        measure_memory()
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", "bench.bench_exports", "sheet"], check=True)
