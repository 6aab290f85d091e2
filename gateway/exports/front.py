"""The front sheet: what the workbook holds, completeness by stage with a chart, the sheets with their identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from gateway.exports.asked import ExportFilters
from gateway.exports.rows import Manner
from gateway.exports.sheets import stage_name
from gateway.exports.words import SHEET
from gateway.exports.workbook.package import Formats, print_wide
from gateway.exports.workbook.parts import Series
from gateway.exports.workbook.text import cut
from models.tasks.completeness import Numbers

MOST_SHEETS_LISTED = 200
WIDE = 40  # the width of the column with reasons, in digits
FIRST_NUMBER = 2  # the first column with numbers
LINE_PIXELS = 20
MOST_LINES = 10
WHY = (SHEET, "state", "code")  # kinds of the catalogue that have words for what is missing
WORDS_OF = {  # filter → the kind of its values
    "state": "state", "outcome": "outcome", "kind": "record", "flow": "flow", "code": "code", "step": "step",
}  # fmt: skip
_FILTERS = {
    "campaign": "campaign", "flow": "flow", "author": "author", "account": "account", "phone": "phone_filter",
    "state": "state", "outcome": "outcome", "kind": "kind", "code": "code", "step": "step", "since": "since",
    "until": "until",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Front:
    """What the front sheet tells."""

    asked_by: str
    cut_at: datetime
    filters: ExportFilters
    stages: Mapping[str, Numbers]
    series: Mapping[str, Series]
    manner: Manner

    def write(self, book: Workbook, sheet: Worksheet, formats: Formats) -> None:
        """Writes the sheet, from its second row on."""
        print_wide(sheet)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, WIDE)
        sheet.set_column(2, 8, 12)
        _text(sheet, 1, 0, self.manner.word("title"), formats, "TITLE")
        row = self._about(sheet, formats, 2)
        if self.filters.what == "tasks":
            first, row = row + 2, self._stages(sheet, formats, row + 1)
            if self.stages:  # beside the list of sheets, so that a laptop's screen shows it
                self._chart(book, sheet, first, first + len(self.stages) - 1, row + 1)
        self._sheets(sheet, formats, row + 1)

    def _about(self, sheet: Worksheet, formats: Formats, row: int) -> int:
        word = self.manner.word
        told = [
            (word("asked_by"), self.asked_by),
            (word("cut_at"), self.manner.moment(self.cut_at)),
            (word("zone"), self.manner.zone.key),
            (word("filters"), describe(self.filters, self.manner)),
        ]
        for name, value in told:
            _text(sheet, row, 0, name, formats, "HEAD")
            if isinstance(value, datetime):
                sheet.write_datetime(row, 1, value, formats["MOMENT"])
            else:
                _text(sheet, row, 1, str(value), formats, "WRAP")
            row += 1
        return row

    def _stages(self, sheet: Worksheet, formats: Formats, row: int) -> int:
        names = ("stage", "why", "asked", "got", "missing", "share", "items_asked", "items_got", "items_missing")
        for at, name in enumerate(names):
            _text(sheet, row, at, self.manner.word(name), formats, "HEAD" if at < FIRST_NUMBER else "HEAD_NUMBER")
        for flow, numbers in self.stages.items():
            row += 1
            _text(sheet, row, 0, stage_name(flow, self.manner.language), formats)
            why = reasons(numbers, self.manner)
            _text(sheet, row, 1, why, formats, "WRAP")
            sheet.set_row_pixels(row, LINE_PIXELS * lines(why, WIDE))
            for at, value in enumerate((numbers.asked, numbers.got, numbers.asked - numbers.got), FIRST_NUMBER):
                sheet.write_number(row, at, value, formats["NUMBER"])
            sheet.write_number(row, 5, numbers.got / numbers.asked if numbers.asked else 0, formats["SHARE"])
            if numbers.items_asked:
                items = (numbers.items_asked, numbers.items_got, numbers.items_asked - numbers.items_got)
                for at, value in enumerate(items, 6):
                    sheet.write_number(row, at, value, formats["NUMBER"])
        return row + 1

    def _chart(self, book: Workbook, sheet: Worksheet, first: int, last: int, at_row: int) -> None:
        chart = book.add_chart({"type": "bar"})
        for at, color in ((2, "#9DC3E6"), (3, "#2E75B6")):
            chart.add_series(
                {
                    "name": [sheet.name, first - 1, at],
                    "categories": [sheet.name, first, 0, last, 0],
                    "values": [sheet.name, first, at, last, at],
                    "fill": {"color": color},
                    "data_labels": {"value": True},
                }
            )
        chart.set_title({"name": self.manner.word("completeness")})
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"min": 0, "num_format": "0", "major_gridlines": {"visible": False}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 560, "height": 120 + 60 * (last - first + 1)})
        sheet.insert_chart(at_row, 3, chart, {"x_offset": 12})

    def _sheets(self, sheet: Worksheet, formats: Formats, row: int) -> None:
        for at, name in enumerate(("sheets", "identifier", "rows")):
            _text(sheet, row, at, self.manner.word(name), formats, "HEAD" if at < FIRST_NUMBER else "HEAD_NUMBER")
        listed = [(one, made) for one in self.series.values() for made in one.sheets]
        for one, made in listed[:MOST_SHEETS_LISTED]:
            row += 1
            sheet.write_url(row, 0, f"internal:'{made.name}'!A1", formats["LINK"], made.name)
            _text(sheet, row, 1, one.identifier, formats)
            sheet.write_number(row, 2, made.rows - 1, formats["NUMBER"])


def reasons(numbers: Numbers, manner: Manner) -> str:
    """Returns why something is missing: each code with the number of tasks, the commonest first."""
    told = [
        f"{manner.word(code, *WHY)} × {count}" for code, count in sorted(numbers.why.items(), key=lambda one: -one[1])
    ]
    fewer = numbers.items_asked - numbers.items_got
    if fewer > 0:
        told.append(f"{manner.word('no_more')} × {fewer}")
    return manner.listed(told)


def lines(text: str, width: int) -> int:
    """Returns how many lines a text takes in a column of this width: a Chinese sign is as wide as two digits."""
    wide = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
    return min(max(-(-wide // width), 1), MOST_LINES)


def describe(filters: ExportFilters, manner: Manner) -> str:
    """Returns the filters in words."""
    told = [manner.word("sandbox")] if filters.sandbox and not manner.customer else []
    for name, key in _FILTERS.items():
        value = getattr(filters, name)
        if value is not None:
            if isinstance(value, datetime):
                value = f"{manner.moment(value):%Y-%m-%d %H:%M:%S}"
            shown = manner.word(value, WORDS_OF[name]) if name in WORDS_OF else value
            told.append(f"{manner.word(key)}: {shown}")
    return "; ".join(told) or manner.word("no_filter")


def _text(sheet: Worksheet, row: int, at: int, text: str, formats: Formats, style: str = "TEXT") -> None:
    if text:
        sheet.write_string(row, at, cut(text, 32_000), formats[style])
