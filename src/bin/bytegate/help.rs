//! The text of `bytegate --help`.

pub(crate) const HELP: &str = "\
bytegate: HTTP/1.1, bytes in, bytes out

Usage:
  bytegate [serve] [DIR] [OPTIONS]
  bytegate handle [DIR] [OPTIONS]
  bytegate routes [DIR] [OPTIONS]
  bytegate explain
  bytegate wsgi MODULE:APPLICATION [DIR] [OPTIONS]

Commands:
  serve    Serve the files in DIR over TCP, picking up changes, or the demo without DIR.
           If DIR is a single file, serve it at / and at its name. This is the default
           command.
  handle   Read requests from standard input, write the responses to standard output.
  routes   List the routes in match order.
  explain  Read requests from standard input and show how they are parsed: the request
           line, headers and framing of each, or the rule that is broken, and where.
  wsgi     Serve a Python application, such as shop.wsgi:application, over TCP (Unix only).
           With DIR, existing files are served, except Python sources, and the application
           gets all other paths. An application with one parameter, as in the tutorial,
           gets only the paths that end in .py.

Folder options (serve, handle and routes with DIR):
  --listing            List the files of directories that have no index
                       [default for serve: if only this machine can connect, and
                       without --spa and '--host any']
  --no-listing         Send 404 for directories that have no index
  --index NAME         Serve this file for its directory; may be given several times:
                       the first that exists is served [default: index.html]
  --pretty-urls        Serve about.html for /about, if no file about exists
  --spa[=PAGE]         Send PAGE for paths that do not exist, so that an application in
                       the browser can interpret them [PAGE: /index.html]
  --not-found PAGE     Send PAGE with 404 [default: /404.html, if it exists]
  --error-page RULE    Set the page for errors about paths and files: 'STATUS PAGE'
  --redirect RULE      Redirect paths: 'PATTERN TARGET' or 'PATTERN TARGET STATUS'
                       [STATUS: 302]
  --rewrite RULE       Serve another file for matching paths: 'PATTERN TARGET'
  --cache RULE         Set Cache-Control: 'VALUE' for all files, or 'PATTERN VALUE'
                       [default: no-cache, or nothing with --memory]
  --header RULE        Set a response header for files: 'NAME: VALUE' for all, or
                       'PATTERN NAME: VALUE'
  --download PATTERN   Make browsers save these files instead of showing them
  --type SUFFIX=TYPE   Set the media type of a suffix: glsl=text/plain
  --no-charset         Do not declare text to be UTF-8, for pages that declare another
                       charset themselves
  --precompressed      Send FILE.br, FILE.zst or FILE.gz in place of FILE to clients
                       that accept it
  --compress           Compress text files of 1K to 4M with gzip, once after each change,
                       for clients that accept it; with --memory, also larger files
                       (feature compression)
  --encoded-names HOW  How to serve FILE.br, FILE.zst and FILE.gz when they are requested
                       by that name: as compressed files, or as their content, which
                       games exported for the web need: files or content
                       [default: files]
  --dotfiles POLICY    Names that begin with a dot: refuse, well-known or serve
                       [default: well-known]
  --symlinks POLICY    Symbolic links: refuse, within or follow. 'within' follows those
                       that stay in DIR [default: within]
  --file-cache SIZE    Keep at most this much of DIR in memory [default: 64M]
  --memory             Read DIR into memory at the start, and ignore later changes

Options of serve, handle and routes:
  --auth USER:PASSWORD Require this name and password (Basic); may be given several times.
                       Other users of this machine see the password in ps: prefer
                       --auth-file or BYTEGATE_AUTH
  --auth-file FILE     Let in only the users in FILE, which has USER:PASSWORD on each line.
                       Others must not be able to read FILE: chmod 600 FILE
                       [default: the lines of the variable BYTEGATE_AUTH, if it is set]
  --base PATH          Serve everything below PATH, such as /repo/, and redirect / to PATH.
                       Patterns leave PATH out; targets of --redirect include it
  --isolated           Isolate pages from other origins (COOP, COEP, CORP), so that games may
                       use threads. Browsers do so only over https and on localhost
  --security           Set headers that protect users: no guessing of media types, no frames,
                       no referrer for other sites
  --cors               Let pages of any origin read the responses (CORS)
  --dynamic SUFFIX     Send paths ending in SUFFIX to the demo application; may be given
                       several times [default: .py without DIR, nothing with DIR]
  --config FILE        Read options from a TOML file
  --verbose            Print to standard error each option that applies and where it was
                       set, and each file that is not served

Options of serve and handle:
  --max-head SIZE      Refuse larger request heads; one header line may take half of
                       it [default: 32K]
  --max-body SIZE      Refuse larger request bodies [default: 1M, or 64M for wsgi]

Options of serve:
  --bind ADDR          Listen on this IP address; 0.0.0.0 or :: for all addresses of
                       this machine, so that others can connect [default: 127.0.0.1]
  -p, --port N         Listen on this port; 0 for any free port [default: the first free
                       port from 7890 to 7899]
  --host NAME          Also serve requests for this host: dev.test or *.dev.test; may be
                       given several times. Use 'any' behind a local proxy that
                       forwards the Host header [default: localhost,
                       *.localhost and IP addresses; any if --bind lets others connect]
  --open               Open the page in the browser
  --qr                 Print the address as a QR code, for phones on the same network
                       [default: with --bind, if standard error is a terminal]
  --no-qr              Do not print a QR code
  --color WHEN         Color the access log: auto, always or never [default: auto, which
                       colors it on a terminal, unless NO_COLOR is set]
  --no-access-log      Do not write a line for each request to standard output
  --head-timeout TIME  Close connections whose request head takes longer [default: 10s]
  --idle-timeout TIME  Close connections that are idle for this long [default: 75s]
  --stop-timeout TIME  After a signal to stop, give requests in progress this much time
                       [default: 8s]
  --connections N      Accept this many connections at once; when all are in use,
                       close idle and slow ones to make room [default: 10000,
                       or half of the limit on open files]
  --connections-per-address N
                       Accept this many connections from one address; raise it for a
                       proxy on another machine [default: 2500, or a quarter of the
                       default above]
  --buffered-bytes SIZE
                       Hold at most this many bytes of incomplete requests and unsent
                       responses; beyond it, send 503 [default: 256M]

Options of wsgi, which also takes the options of serve:
  --workers N          Run this many Python processes [default: 1]
  --threads N          Run this many threads in each process [default: 1]
  --python PATH        Use this interpreter, 3.9 or newer [default: from the active
                       virtual environment, from .venv, or python3]
  --reload             Load the application again when its source changes, as a SIGHUP
                       always does
  --static PATH=DIR    Serve the files in DIR below PATH; may be given several times
  --timeout TIME       If the application is silent for longer, send 504 and replace the
                       process [default: 30s]
  --max-requests N     Replace each process after about this many requests
  --max-memory SIZE    Replace a process that uses more memory (Linux only)
  --lenient            Let the application return text instead of bytes
  --application NAME   The application, MODULE:APPLICATION; mainly for the config file

  -h, --help           Print this help
  -V, --version        Print the version

PATTERN is the path of a file, in which * stands for any characters but / and ** for
any characters. A pattern that does not begin with / matches in every folder: *.pdf. In
--cache and --header, a pattern must begin with / or *. In TARGET, $1 to $9 stand for
the text that the stars matched: '/blog/* /posts/$1 301'. RULE options, --download and
--type may be given several times.
SIZE is a number of bytes, or of K, M or G (1024 bytes, and so on): 16384, 64K, 1M.
TIME is a number of seconds, or has a unit: 10, 500ms, 10s, 2m, 1h.

The config file is TOML; its keys are the long option names. Options that take no value
are true or false, several values are a list, and a rule may be a table of its parts.
The key for DIR is folder, which is relative to the file:

  folder = \"public\"
  port = 8080
  listing = true
  index = [\"index.html\", \"index.htm\"]
  cache = [\"no-cache\", \"/assets/** max-age=31536000, immutable\"]

  [[redirect]]         # also rewrite, cache, header, type
  pattern = \"/blog/*\"  # cache and header: pattern, if any
  target = \"/posts/$1\" # cache: value; header: name, value; type: suffix, type
  status = 301

An option on the command line replaces all values that the config file has for it:
--listing=false turns off a listing that the file turns on.

Exit codes:
  0  done
  1  a file, stream or address could not be used
  2  the command line or the config file is invalid
  3  explain: the input breaks a rule
";
