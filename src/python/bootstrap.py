import os, socket, struct, sys
control = socket.socket(fileno=os.dup(0))
null = os.open(os.devnull, os.O_RDWR)
os.dup2(null, 0)
os.dup2(2, 1)
os.close(null)
def read(size):
    data = b""
    while len(data) < size:
        block = control.recv(size - len(data))
        if not block:
            os._exit(1)
        data += block
    return data
source = read(struct.unpack("<I", read(4))[0])
if sys.version_info < (3, 9):
    reason = "%s is Python %d.%d, but 3.9 or newer is needed" % ((sys.executable,) + sys.version_info[:2])
    reason = reason.encode()
    control.sendall(struct.pack("<BBHI", 19, 0, 0, len(reason)) + reason)
    os._exit(1)
import linecache
name = "bytegate_worker.py"
text = source.decode()
linecache.cache[name] = (len(text), None, text.splitlines(True), name)
scope = {"__name__": "bytegate_worker", "__file__": name}
exec(compile(text, name, "exec"), scope)
scope["main"](control)
