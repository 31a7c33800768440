"""A worker of bytegate: a process that responds to requests with a WSGI application (PEP 3333).

It has a control stream, which was its standard input, and a stream of requests for each of its threads. All of them are
Unix sockets that carry frames: kind u8, flags u8, reserved u16, length u32 (little-endian), payload. frame.rs has the list.
It needs Python 3.9 or newer, and nothing but its standard library.
"""

import array
import functools
import importlib
import inspect
import io
import os
import re
import select
import socket
import stat
import struct
import sys
import threading
import time
import traceback

REQUEST, ABORT, HEAD, DATA, FILE, END, ERROR = range(1, 8)
SETUP, THREAD, READY, FAILED, CHANGED = range(16, 21)
IN_FILE = LAST = ENDS = 1
FREE = 2

HEADER = struct.Struct("<BBHI")
LENGTH = struct.Struct("<I")
REQUEST_PREFIX = struct.Struct("<BBHII")
PART = struct.Struct("<QQ")
END_FRAME = HEADER.pack(END, 0, 0, 0)

# No frame has a longer payload.
MAX_PAYLOAD = 1 << 20
READ_BYTES = 16384
DESCRIPTOR_BYTES = socket.CMSG_SPACE(array.array("i").itemsize)
CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

STATUS = re.compile(r"[1-9][0-9]{2} [^\x00-\x1f\x7f]*\Z")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
# What cannot be in the value of a header: control characters, and what does not fit into a byte.
NO_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"]
    + ["te", "trailer", "trailers", "transfer-encoding", "upgrade"]
)


class ClientGone(Exception):
    """The client has left, so nobody needs the rest of the response."""


class Stream:
    """A stream of frames."""

    def __init__(self, sock):
        self.socket = sock
        self.buffer = b""
        self.descriptors = []
        # The end of a response that is sent with the next one, if that comes at once.
        self.owed = b""
        self.is_one_of_several = False
        self.poll = select.poll()
        self.poll.register(sock, select.POLLIN)

    def receive(self):
        """Returns the kind, the flags and the payload of the next frame, or None at the end of the stream."""
        buffer = self.buffer
        while len(buffer) < 8:
            block = self.read(READ_BYTES)
            if not block:
                return None
            buffer = buffer + block if buffer else block
        kind, flags, _, length = HEADER.unpack_from(buffer)
        end = 8 + length
        if len(buffer) < end:
            blocks, missing = [buffer], end - len(buffer)
            while missing > 0:
                block = self.read(max(missing, READ_BYTES))
                if not block:
                    return None
                blocks.append(block)
                missing -= len(block)
            buffer = b"".join(blocks)
        self.buffer = buffer[end:]
        return kind, flags, buffer[8:end]

    def read(self, size):
        block, ancillary, _, _ = self.socket.recvmsg(size, DESCRIPTOR_BYTES, CLOSE_ON_EXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self.descriptors.extend(array.array("i", data))
                os.set_inheritable(self.descriptors[-1], False)
        return block

    def send(self, kind, flags, payload):
        self.write(HEADER.pack(kind, flags, 0, len(payload)) + payload)

    def write(self, frames, rights=()):
        """Sends frames, with descriptors. If nobody receives them, the client has left."""
        if self.owed:
            frames, self.owed = self.owed + frames, b""
        try:
            if rights:
                frames = frames[self.socket.sendmsg([frames], rights) :]
            self.socket.sendall(frames)
        except OSError:
            raise ClientGone from None

    def has_input(self):
        """Returns whether a frame has come while the application runs: the client has left."""
        return bool(self.buffer or self.poll.poll(0))


class FileWrapper:
    """wsgi.file_wrapper: an iterable of the blocks of a file. A regular file that an application returns in it is sent by
    the server from its descriptor."""

    def __init__(self, filelike, blksize=65536):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        block = self.filelike.read(self.blksize)
        if block:
            return block
        raise StopIteration

    def part(self):
        """Returns the descriptor, the position and the length of what is left of a regular file. Objects that only look
        like files can have a descriptor of something else, such as a compressed file."""
        raw = self.filelike
        if type(raw).__module__ == "tempfile" and type(raw).__name__ == "_TemporaryFileWrapper":
            raw = raw.file
        if type(raw) in (io.BufferedReader, io.BufferedRandom):
            if type(raw.raw) is not io.FileIO:
                return None
        elif type(raw) is not io.FileIO:
            return None
        try:
            descriptor = raw.fileno()
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                return None
            position = raw.tell()
        except (OSError, ValueError):
            return None
        return descriptor, position, max(state.st_size - position, 0)


class Exchange:
    """One request and its response."""

    def __init__(self, stream, method):
        self.stream = stream
        self.method = method
        self.status = self.headers = None
        # The declared length of the body, and how much of it is sent.
        self.length = None
        self.sent = 0
        self.is_head_sent = self.is_whole = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.is_head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.status is not None:
            raise AssertionError("start_response was called twice without exc_info (PEP 3333)")
        if not isinstance(status, str):
            raise TypeError(f"the status is {type(status).__name__}, not str (PEP 3333)")
        if not STATUS.match(status) or status[0] == "1":
            raise ValueError(f"the status {status!r} is not three digits, a space and a reason (PEP 3333)")
        if type(headers) is not list:
            raise TypeError(f"the headers are {type(headers).__name__}, not list (PEP 3333)")
        length = None
        for header in headers:
            if type(header) is not tuple or len(header) != 2:
                raise TypeError(f"the header {header!r} is not a tuple of a name and a value (PEP 3333)")
            name, value = header
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError(f"the header {header!r} does not consist of str (PEP 3333)")
            if not TOKEN.match(name):
                raise ValueError(f"{name!r} is not the name of a header")
            if NO_VALUE.search(value):
                raise ValueError(f"the header {name!r} has a control character or one beyond Latin-1")
            lower = name.lower()
            if lower in HOP_BY_HOP:
                raise ValueError(f"the header {name!r} is the server's, not the application's (PEP 3333)")
            if lower == "content-length":
                if not value.isdecimal() or length is not None:
                    raise ValueError(f"Content-Length {value!r} is not one number")
                length = int(value)
        self.status, self.headers, self.length = status, list(headers), length
        return self.write

    def write(self, block):
        """The write callable of PEP 3333. The block is sent at once."""
        if not self.is_whole and self.stream.has_input():
            raise ClientGone
        self.block(block)

    def block(self, block):
        """Sends a block, with the head if it is the first."""
        if type(block) is not bytes:
            block = to_bytes(block)
        if not block:
            return
        head = None if self.is_head_sent else self.head()
        excess = 0 if self.length is None else self.sent + len(block) - self.length
        if excess > 0:
            block = block[: max(len(block) - excess, 0)]
        if head is not None:
            self.send_head(head, block, LAST if self.fits(head, block) else 0)
        else:
            self.send_data(block)
        if excess > 0:
            raise ValueError(f"the application sends more than the {self.length} bytes of its Content-Length")

    def fits(self, head, body):
        """Returns whether the whole body fits into the frame of the head."""
        return self.length == len(body) and LENGTH.size + len(head) + len(body) <= MAX_PAYLOAD

    def send_data(self, body):
        self.sent += len(body)
        for start in range(0, len(body), MAX_PAYLOAD):
            self.stream.send(DATA, 0, body[start : start + MAX_PAYLOAD])

    def head(self):
        if self.status is None:
            raise AssertionError("the application did not call start_response (PEP 3333)")
        lines = [self.status]
        for header in self.headers:
            lines += header
        return "\0".join(lines).encode("latin-1")

    def send_head(self, head, body, flags):
        self.is_head_sent = True
        self.is_whole = bool(flags & LAST)
        room = MAX_PAYLOAD - len(head) - LENGTH.size
        first = body if len(body) <= room else body[:room]
        self.sent += len(first)
        size = LENGTH.size + len(head) + len(first)
        prefix = REQUEST_PREFIX.pack(HEAD, flags, 0, size, len(head))
        self.stream.write(prefix + head + first)
        if len(first) < len(body):
            self.send_data(body[len(first) :])

    def run(self, application, environ):
        """Calls the application and sends its response. Returns whether that says already that the worker is free."""
        result = application(environ, self.start_response)
        kind = type(result)
        if (kind is list or kind is tuple) and not self.is_head_sent:
            return self.send_list(result)
        try:
            if result is None or isinstance(result, (str, bytes, bytearray)):
                raise TypeError(describe_result(result))
            if not (kind is FileWrapper and not self.is_head_sent and self.send_file(result)):
                self.send_blocks(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return False

    def send_list(self, blocks):
        blocks = [block if type(block) is bytes else to_bytes(block) for block in blocks]
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        head = self.head()
        self.check_length(len(body))
        if self.length is None:
            self.length = len(body)
            if body or self.has_body():
                head += b"\0Content-Length\0%d" % self.length
        if LENGTH.size + len(head) + len(body) > MAX_PAYLOAD:
            self.send_head(head, body, 0)
            return False
        self.send_head(head, body, LAST | FREE)
        return True

    def has_body(self):
        return self.method != "HEAD" and self.status[:3] not in ("204", "304")

    def check_length(self, length):
        """Raises an error if the body does not have the declared length. A response to HEAD may declare it without a body."""
        if self.length is not None and length != self.length and (length or self.has_body()):
            raise ValueError(f"the application sends {length} bytes, but its Content-Length says {self.length}")

    def send_blocks(self, blocks):
        for block in blocks:
            self.block(block)
            if not self.is_whole and self.stream.has_input():
                raise ClientGone
        if not self.is_head_sent:
            head = self.head()
            self.check_length(0)
            self.send_head(head, b"", LAST)
        elif self.has_body():
            self.check_length(self.sent)

    def send_file(self, wrapper):
        """Sends the descriptor of a file. Returns False if it has to be read instead."""
        part = wrapper.part()
        if part is None:
            return False
        descriptor, position, length = part
        if self.length is not None:
            if self.length > length:
                raise ValueError(f"the file has {length} bytes, but Content-Length says {self.length}")
            length = self.length
        self.send_head(self.head(), b"", 0)
        self.is_whole = True
        frame = HEADER.pack(FILE, 0, 0, PART.size) + PART.pack(position, length)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self.stream.write(frame, rights)
        return True


def to_bytes(block):
    """Returns a block as bytes. PEP 3333 wants nothing else, but these do no harm."""
    if isinstance(block, (bytes, bytearray, memoryview)):
        return bytes(block)
    raise TypeError(describe_block(block))


def describe_block(block):
    if isinstance(block, str):
        return "the application returns a str, but PEP 3333 wants an iterable of bytes: encode it, or use --lenient"
    return f"the application returns a block of {type(block).__name__}, not bytes (PEP 3333)"


def describe_result(result):
    if isinstance(result, (bytes, bytearray)):
        return "the application returns bytes, but PEP 3333 wants an iterable of bytes: return [body]"
    if result is None:
        return "the application returns None, not an iterable of bytes (PEP 3333)"
    return describe_block(result)


def of_file_name(application):
    """Makes a WSGI application of the tutorial's kind, which takes the path and returns the text of a page."""

    @functools.wraps(application)
    def adapted(environ, start_response):
        page = application(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"))
        if isinstance(page, str):
            page = page.encode()
        elif not isinstance(page, bytes):
            raise TypeError(f"the application returns {type(page).__name__}, not the text of a page")
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page]

    return adapted


def lenient(application):
    """Lets an application return a str in place of an iterable of bytes."""

    @functools.wraps(application)
    def adapted(environ, start_response):
        result = application(environ, start_response)
        if isinstance(result, str):
            return [result.encode()]
        if isinstance(result, bytes):
            return [result]
        return result

    return adapted


class Refusal(Exception):
    """The reason why an application cannot be used, which needs no traceback."""


def load(spec, is_lenient):
    """Imports an application. Returns it with a word for its kind."""
    name, _, path = spec.partition(":")
    path = path or "application"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        meant = f": did you mean {name[:-3]}?" if name.endswith(".py") else ""
        place = f"{sys.path[0]!r}, nor where {sys.executable} looks"
        raise Refusal(f"there is no module {error.name!r} in {place}{meant}") from None
    is_factory = path.endswith("()")
    found = module
    for part in path[: -2 if is_factory else None].split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [name for name in vars(module) if not name.startswith("_") and callable(getattr(module, name))]
            among = f"; it has {', '.join(names[:8])}" if names else ""
            raise Refusal(f"module {name!r} ({module_file(module)}) has no {path!r}{among}") from None
    if is_factory:
        found = found()
    if not callable(found):
        raise Refusal(
            f"{spec!r} is {type(found).__name__}, which cannot be called: name a WSGI application (PEP 3333)"
        )
    if parameters(found) == 1:
        return of_file_name(found), "file_name"
    return (lenient(found), "lenient") if is_lenient else (found, "wsgi")


def module_file(module):
    return getattr(module, "__file__", None) or "without a file"


def parameters(application):
    """Returns how many arguments an application must have, or 2 if it does not say."""
    try:
        # A decorator has its own parameters, whatever the function inside has.
        found = inspect.signature(application, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return 2
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(it.kind is inspect.Parameter.VAR_POSITIONAL for it in found):
        return 2
    positional = [it for it in found if it.kind in kinds]
    return len(positional) if len(positional) < 2 else 2


def own_traceback(error):
    """Returns the traceback of an error without the lines of this file and of importlib at its beginning, and a line that
    says what it is and where."""
    trace = error.__traceback__
    while trace is not None and is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    places = [it for it in traceback.extract_tb(trace) if not is_machinery(it.filename)]
    place = f" ({places[-1].filename} line {places[-1].lineno})" if places else ""
    line = traceback.format_exception_only(type(error), error)[-1].strip()
    return text, f"{line}{place}"


def is_machinery(path):
    return path in (__file__, importlib.__file__) or path.startswith("<frozen importlib")


class Worker:
    def __init__(self, control):
        self.control = control
        self.streams = []
        self.is_forked = False
        os.register_at_fork(after_in_child=self.forget)

    def forget(self):
        """Closes the streams in a process that the application has forked, so that it cannot respond to requests."""
        self.is_forked = True
        for stream in [self.control, *self.streams]:
            stream.socket.close()

    def start(self):
        kind, _, payload = self.control.receive()
        assert kind == SETUP
        pairs = iter(payload.decode("utf-8", "surrogateescape").split("\0"))
        self.settings = dict(zip(pairs, pairs))
        sys.path[:] = [self.settings["folder"]] + [path for path in sys.path if path]
        sys.argv = ["bytegate"]
        if self.settings["reload"] == "1":
            # A compiled file is taken for the one of any source of the same size and second.
            sys.dont_write_bytecode = True
        try:
            application, kind = load(self.settings["application"], self.settings["lenient"] == "1")
        except Refusal as refusal:
            return self.fail(str(refusal))
        except BaseException as error:
            return self.fail(own_traceback(error)[0])
        self.control.send(READY, 0, f"{kind}\0{sys.version.split()[0]}\0{sys.executable}".encode())
        threads, lines = int(self.settings["threads"]), int(self.settings["lines"])
        for _ in range(threads * lines):
            if self.control.receive() is None:
                return
            self.streams.append(Stream(socket.socket(fileno=self.control.descriptors.pop(0))))
        threading.Thread(target=self.watch, daemon=True, name="bytegate-control").start()
        if self.settings["reload"] == "1":
            threading.Thread(target=self.watch_sources, daemon=True, name="bytegate-reload").start()
        base = self.base_environ()
        for stream in self.streams:
            stream.is_one_of_several = lines > 1
        groups = [self.streams[start : start + lines] for start in range(0, threads * lines, lines)]
        others = [
            threading.Thread(target=self.serve, args=(streams, application, base), name=f"bytegate-{index + 2}")
            for index, streams in enumerate(groups[1:])
        ]
        for thread in others:
            thread.start()
        # The main thread serves too: some libraries want it.
        self.serve(groups[0], application, base)
        for thread in others:
            thread.join()

    def fail(self, reason):
        sys.stdout.flush()
        self.control.send(FAILED, 0, reason.encode("utf-8", "replace")[:65536])

    def base_environ(self):
        return {
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_SOFTWARE": self.settings["software"],
            "wsgi.version": (1, 0),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": int(self.settings["threads"]) > 1,
            "wsgi.multiprocess": int(self.settings["workers"]) > 1,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "wsgi.input_terminated": True,
        }

    def watch(self):
        """Waits until the server ends, and lets no request outlive it for long."""
        while self.control.receive() is not None:
            pass
        time.sleep(float(self.settings["grace"]))
        os._exit(1)

    def watch_sources(self):
        """Says when the source of an imported module changes."""
        times = {}
        while True:
            for module in list(sys.modules.values()):
                path = getattr(module, "__file__", None)
                if not isinstance(path, str):
                    continue
                try:
                    changed = os.stat(path).st_mtime_ns
                except OSError:
                    continue
                if times.setdefault(path, changed) != changed:
                    times[path] = changed
                    try:
                        self.control.send(CHANGED, 0, path.encode("utf-8", "replace"))
                    except ClientGone:
                        return
            time.sleep(0.5)

    def serve(self, streams, application, base):
        """Responds to the requests of streams, in turn, until the streams end."""
        if len(streams) == 1:
            while self.serve_next(streams[0], application, base):
                pass
            return
        by_descriptor = {stream.socket.fileno(): stream for stream in streams}
        poll = select.poll()
        for descriptor in by_descriptor:
            poll.register(descriptor, select.POLLIN)
        while by_descriptor:
            ready = poll.poll(0)
            if not ready:
                self.pay(streams)
                ready = poll.poll()
            for descriptor, _ in ready:
                stream, goes_on = by_descriptor[descriptor], True
                # A frame that was read together with another one does not show in the poll.
                while goes_on:
                    goes_on = self.serve_next(stream, application, base)
                    if not stream.buffer:
                        break
                if goes_on is None:
                    return
                if not goes_on:
                    poll.unregister(descriptor)
                    del by_descriptor[descriptor]

    def pay(self, streams):
        """Sends what the streams owe, because no request waits."""
        for stream in streams:
            if stream.owed:
                try:
                    stream.write(b"")
                except ClientGone:
                    pass

    def serve_next(self, stream, application, base):
        """Responds to the next request of a stream. Returns False at its end, and None if the application ends the process."""
        try:
            frame = stream.receive()
        except OSError:
            return False
        if frame is None:
            return False
        kind, flags, payload = frame
        # An abort can come after the end of its request.
        if kind == REQUEST and not self.respond(stream, application, base.copy(), flags, payload):
            return None
        return True

    def respond(self, stream, application, environ, flags, payload):
        """Responds to a request. Returns False if the application ends the process."""
        end = LENGTH.size + LENGTH.unpack_from(payload)[0]
        pairs = iter(payload[LENGTH.size : end].decode("latin-1").split("\0"))
        environ.update(zip(pairs, pairs))
        if flags & IN_FILE:
            body = os.fdopen(stream.descriptors.pop(0), "rb")
        else:
            body = io.BytesIO(payload[end:])
        environ["wsgi.input"] = body
        exchange = Exchange(stream, environ["REQUEST_METHOD"])
        kind, flags, line = END, 0, b""
        try:
            if stream.buffer:
                # The client has left before its turn came.
                raise ClientGone
            if exchange.run(application, environ):
                kind = None
        except ClientGone:
            if not exchange.is_head_sent:
                kind, line = ERROR, b"the client has left"
        except BaseException as error:
            if self.is_forked:
                os._exit(1)
            kind, flags = ERROR, 0 if isinstance(error, Exception) else ENDS
            line = describe_failure(environ, error).encode("utf-8", "replace")[:65536]
        if self.is_forked:
            os._exit(0)
        body.close()
        if kind == END and stream.is_one_of_several:
            stream.owed = END_FRAME
        elif kind is not None:
            try:
                stream.send(kind, flags, line)
            except ClientGone:
                return False
        return not flags & ENDS


def describe_failure(environ, error):
    """Writes the traceback of an error to standard error. Returns one line about it."""
    text, line = own_traceback(error)
    if not isinstance(error, Exception):
        line = f"the application ends its process with {line}"
    try:
        sys.stderr.write(f"error in {environ['REQUEST_METHOD']} {environ.get('REQUEST_URI')}\n{text}")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    return line


def main(control):
    try:
        Worker(Stream(control)).start()
    except ClientGone:
        # The server has ended while the application was imported. Threads of the application must not go on alone.
        os._exit(1)
