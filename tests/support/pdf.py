"""Reads a PDF: the text of its pages and their QR codes."""

import pypdfium2
import zxingcpp

_PIXELS_A_POINT = 2.0  # 144 dots an inch: what a telephone makes of a printed page


def pages_of(content: bytes) -> list[str]:
    """The words of each page of a PDF, on one line."""
    return [" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(content)]


def words_of(content: bytes) -> str:
    """All words of a PDF, on one line."""
    return " ".join(pages_of(content))


def qr_codes_of(content: bytes) -> list[str]:
    """What the QR codes of a PDF hold, read off its rendered pages by an independent decoder."""
    return [
        code.text
        for page in pypdfium2.PdfDocument(content)
        for code in zxingcpp.read_barcodes(
            page.render(scale=_PIXELS_A_POINT).to_numpy(), formats=zxingcpp.BarcodeFormat.QRCode
        )
    ]
