"""A PPC gateway's pages, read tolerantly: what has an id or a name is picked out, the rest is text.

Ids repeat in every row, quotes are single, cells and even row ids may be missing, and element
nesting is not to be relied on. Source: gateway fact sheet §3.4 [O].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from mitmeter.errors import RemoteProtocolError

# A day of values is some 100 KB; nothing real is near this.
MOST_PAGE = 2 << 20
_MOST_ROWS = 50_000
_MOST_CELLS = 64
_MOST_FORMS = 256
_MOST_TEXT = 100_000
_FOOTERS = ("div_fwversion", "div_timestamp")


@dataclass(slots=True)
class Form:
    """One form: what it would post, and the ids in it."""

    id: str
    fields: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Row:
    """One table row. cells: (id, text), the id "" where a cell has none."""

    table: str
    id: str
    cells: list[tuple[str, str]] = field(default_factory=list)

    def cell(self, name: str) -> str | None:
        """Return the text of the cell whose id ends in `_col_<name>`, None where there is none.

        The part before it is misspelt in some firmware.
        """
        for id, text in self.cells:
            if id.rpartition("_col_")[2] == name and "_col_" in id:
                return text
        return None


@dataclass(slots=True)
class Page:
    """What was picked out of one page.

    token:   the newest `tkn`, "" where there is none.
    options: (value, text) of all selections.
    """

    token: str = ""
    forms: list[Form] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    footers: dict[str, str] = field(default_factory=dict)
    title: str = ""
    text: str = ""

    def form_with(self, id: str) -> Form | None:
        """Return the form in which an element of that id stands."""
        return next((each for each in self.forms if id in each.ids), None)

    def form_for(self, action: str) -> Form | None:
        """Return the form that posts this action."""
        return next((each for each in self.forms if each.fields.get("action") == action), None)

    def labelled(self) -> dict[str, str]:
        """Return rows of two cells without ids as label and value."""
        return {
            row.cells[0][1].rstrip(":"): row.cells[1][1]
            for row in self.rows
            if len(row.cells) == 2 and not row.cells[0][0] and not row.cells[1][0]
        }


def parse_page(body: bytes) -> Page:
    """Return what a page holds. Raises RemoteProtocolError for an empty or an absurd one."""
    if not body.strip():
        raise RemoteProtocolError("an empty page")
    if len(body) > MOST_PAGE:
        raise RemoteProtocolError(f"a page of {len(body)} bytes, at most {MOST_PAGE} are read")
    reader = _Reader()
    reader.feed(body.decode("utf-8", "replace"))
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    """Walks the tags; keeps no tree, so that no nesting can hurt."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._page = Page()
        self._form: Form | None = None
        self._row: Row | None = None
        self._cell: tuple[str, list[str]] | None = None
        self._option: tuple[str, list[str]] | None = None
        self._footer: tuple[str, list[str]] | None = None
        self._table = ""
        self._heading = False
        self._texts: list[str] = []
        self._size = 0

    def finished(self) -> Page:
        self._end_row()
        self._end_option()
        self._end_footer()
        self._page.text = " ".join(" ".join(self._texts).split())
        return self._page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        id = named.get("id", "")
        if id:
            self._page.ids.add(id)
            if self._form is not None:
                self._form.ids.add(id)
        self._begin(tag, id, named)

    def _begin(self, tag: str, id: str, named: dict[str, str]) -> None:
        if tag == "form" and len(self._page.forms) < _MOST_FORMS:
            self._form = Form(id)
            self._page.forms.append(self._form)
        elif tag == "input":
            self._input(named)
        elif tag == "option":
            self._end_option()
            self._option = (named.get("value", ""), [])
        elif tag == "table":
            self._table = id
        elif tag == "tr":
            self._end_row()
            self._row = Row(self._table, id)
        elif tag in ("td", "th"):
            self._end_cell()
            self._cell = (id, [])
        elif tag == "p" and id in _FOOTERS:
            self._footer = (id, [])
        elif tag == "h1":
            self._heading = True

    def _input(self, named: dict[str, str]) -> None:
        name, value = named.get("name", ""), named.get("value", "")
        if name == "tkn" and value:
            self._page.token = value
        if name and self._form is not None and named.get("type", "").lower() != "submit":
            self._form.fields[name] = value
        if self._cell is not None and named.get("type", "").lower() == "submit":
            # The registers of a billing period are told as the words on their buttons.
            self._cell[1].append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("option", "select"):
            self._end_option()
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self._table = ""
        elif tag == "p":
            self._end_footer()
        elif tag == "h1":
            self._heading = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell[1].append(data)
        if self._option is not None:
            self._option[1].append(data)
        if self._footer is not None:
            self._footer[1].append(data)
        if self._heading:
            self._page.title += data
        if self._size < _MOST_TEXT:
            self._texts.append(data)
            self._size += len(data)

    def _end_cell(self) -> None:
        if self._cell is not None:
            id, parts = self._cell
            self._cell = None
            if self._row is not None and len(self._row.cells) < _MOST_CELLS:
                self._row.cells.append((id, "".join(parts).strip()))

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None and self._row.cells and len(self._page.rows) < _MOST_ROWS:
            self._page.rows.append(self._row)
        self._row = None

    def _end_option(self) -> None:
        if self._option is not None:
            value, parts = self._option
            self._option = None
            self._page.options.append((value, "".join(parts).strip()))

    def _end_footer(self) -> None:
        if self._footer is not None:
            id, parts = self._footer
            self._footer = None
            self._page.footers[id] = "".join(parts).strip()
