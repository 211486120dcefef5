"""One side's bytes → messages and garbage, whatever the reads were.

A message is judged as it comes, line by line; the byte with which it becomes certain that it is
none is the same however the stream is cut, and so are the pieces the garbage is handed on in.
"""

from __future__ import annotations

from typing import Generic

from mitmeter.wire.framing import FIRST_PIECE, PIECE, Garbage
from mitmeter.wire.http_chunks import Chunks
from mitmeter.wire.http_fast import WholeMessages
from mitmeter.wire.http_fields import NO_BODY, Chunked, Sized
from mitmeter.wire.http_head import Caps, Head, HeadReader
from mitmeter.wire.http_lines import Refused
from mitmeter.wire.http_message import HttpItem, HttpRequest
from mitmeter.wire.http_voices import Exchange, H, Voice

NOT_HTTP = "not HTTP any more"


class Stream(Generic[H]):
    """`feed` and `end` return items in stream order and never raise.

    Holds at most one message that keeps to the caps, or one piece of garbage.
    """

    __slots__ = (
        "_announce",
        "_caps",
        "_chunks",
        "_exchange",
        "_fast",
        "_head",
        "_held",
        "_reader",
        "_reason",
        "_refused",
        "_voice",
    )

    def __init__(self, voice: Voice[H], exchange: Exchange, caps: Caps, *, announce: bool) -> None:
        self._voice: Voice[H] = voice
        self._exchange = exchange
        self._fast: WholeMessages[H] = WholeMessages(voice, caps)
        self._caps = caps
        self._announce = announce
        # All bytes since the current message, or piece of garbage, began.
        self._held = bytearray()
        self._reason = ""  # why these and all that follow are garbage, "" while they are not
        self._refused = 0  # how many of them are the message that was refused
        self._begin_message()

    @property
    def lost(self) -> bool:
        """Whether everything from here on is garbage."""
        return bool(self._reason) or self._exchange.over

    def feed(self, data: bytes) -> list[HttpItem]:
        """Return what these bytes make certain."""
        if not self._held and not self._reason and not self._exchange.over:
            whole = self._fast.take(data)
            if whole is not None:
                return [whole]
        out: list[HttpItem] = []
        self._held += data
        try:
            while self._held and not self._reason and self._advance(out):
                pass
        except Refused as exc:
            self._refuse(exc.at, exc.reason)
        self._hand_on(out)
        return out

    def end(self) -> list[HttpItem]:
        """Return all that is left: the stream is over. The next feed starts a new one."""
        out: list[HttpItem] = []
        held, head = self._held, self._head
        if held and not self._reason:
            if head is not None and not isinstance(head.body, Sized | Chunked):
                self._finish(head, len(held), bytes(held[head.size :]), out)
            elif self._exchange.over and head is None:
                self._refuse(0, NOT_HTTP)
            else:
                self._refuse(len(held), f"the stream ended {self._where()}")
        self._hand_on(out, everything=True)
        self._reason = ""
        self._begin_message()
        return out

    def _begin_message(self) -> None:
        self._reader: HeadReader[H] = HeadReader(self._voice, self._caps)
        self._head: Head[H] | None = None
        self._chunks: Chunks | None = None

    def _advance(self, out: list[HttpItem]) -> bool:
        """Read on in the current message; tell whether it is finished."""
        head = self._head
        if head is None:
            if self._exchange.over:
                self._refuse(0, NOT_HTTP)
                return False
            head = self._head = self._reader.read(self._held)
            if head is None:
                return False
            self._opened(head, out)
        end = self._body_end(head)
        if not end:
            return False
        body = bytes(self._held[head.size : end]) if self._chunks is None else self._chunks.body
        self._finish(head, end, bytes(body), out)
        return True

    def _opened(self, head: Head[H], out: list[HttpItem]) -> None:
        start = head.start
        if isinstance(head.body, Chunked):
            self._chunks = Chunks(head.size, max_body=self._caps.body, max_trailer=self._caps.head)
        expects = head.fields.expects and head.body != NO_BODY and start.version == "1.1"
        if self._announce and expects and isinstance(start, HttpRequest):
            # Said here and not when it is late, so that it does not depend on the reads.
            out.append(
                HttpRequest(
                    b"",
                    start.method,
                    start.target,
                    start.version,
                    head.headers,
                    b"",
                    head.problem,
                    pending=True,
                )
            )

    def _body_end(self, head: Head[H]) -> int:
        """Return the offset where the message ends, 0 while it is not there."""
        held = self._held
        if self._chunks is not None:
            return self._chunks.end if self._chunks.read(held) else 0
        if isinstance(head.body, Sized):
            end = head.size + head.body.size
            return end if len(held) >= end else 0
        if len(held) - head.size > self._caps.body:
            most = self._caps.body
            raise Refused(head.size + most + 1, f"body of more than {most} bytes and no length")
        return 0

    def _finish(self, head: Head[H], end: int, body: bytes, out: list[HttpItem]) -> None:
        raw = bytes(self._held[:end])
        del self._held[:end]
        self._begin_message()
        out.append(self._voice.whole(head.start, raw, head.headers, body, head.problem))

    def _where(self) -> str:
        if self._head is None:
            return f"after {len(self._held)} bytes of a head"
        there = len(self._held) - self._head.size
        if isinstance(self._head.body, Sized):
            return f"after {there} of {self._head.body.size} bytes of a body"
        return f"after {there} bytes of a body in chunks"

    def _refuse(self, size: int, reason: str) -> None:
        """From here on all is garbage; the first `size` bytes held are the cause."""
        self._reason = reason
        self._refused = max(size, FIRST_PIECE) if reason != NOT_HTTP else 0

    def _hand_on(self, out: list[HttpItem], *, everything: bool = False) -> None:
        """Hand on the garbage that is held, in pieces that do not depend on the reads."""
        held = self._held
        while held and self._reason:
            size = min(self._refused, PIECE) or PIECE
            if size > len(held) and not everything:
                return
            caused = self._refused or self._reason == NOT_HTTP
            raw = bytes(held[:size])
            reason = self._reason if caused else f"comes after: {self._reason}"
            out.append(Garbage(raw, reason))
            del held[:size]
            self._refused = max(self._refused - size, 0)
