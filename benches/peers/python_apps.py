"""The applications that the servers of python.py host."""


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\n"]


def file(environ, start_response):
    path = environ["QUERY_STRING"]
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return environ["wsgi.file_wrapper"](open(path, "rb"))


def page(environ, start_response):
    """100 KB in blocks of 4 KB."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"x" * 4096 for _ in range(25))


def upload(environ, start_response):
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % size]


def application(environ, start_response):
    return {"/file": file, "/page": page, "/upload": upload}.get(environ["PATH_INFO"], hello)(environ, start_response)

