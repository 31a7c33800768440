//! Downloads with requests, the library of Python.

use super::*;

#[test]
fn requests_keeps_a_connection_and_its_copies() {
    if !has_requests() {
        return;
    }
    let folder = Folder::new(&[
        ("small.bin", &numbers(1000)),
        ("large.bin", &numbers(900_000)),
    ]);
    let (server, _) = serve(&folder);
    let script = "
for name in ['small.bin', 'large.bin']:
    with open(os.path.join(folder, name), 'rb') as file:
        content = file.read()
    path, length = '/' + name, len(content)
    whole = get(path)
    same((whole.status_code, len(whole.content)), (200, length))
    assert whole.content == content
    tag, date = whole.headers['ETag'], whole.headers['Last-Modified']
    for fields in [{'If_None_Match': tag}, {'If_Modified_Since': date}]:
        current = get(path, **fields)
        same((current.status_code, current.content), (304, b''))
        same(current.headers['ETag'], tag)
    # A range that is read in pieces, and one whose reader goes away.
    with get(path, stream=True, Range='bytes=100-') as part:
        same((part.status_code, part.headers['Content-Range']), (206, f'bytes 100-{length - 1}/{length}'))
        assert b''.join(part.iter_content(4096)) == content[100:]
    last = get(path, Range='bytes=-10')
    same((last.status_code, last.content), (206, content[-10:]))
    same(get(path, Range='bytes=0-9', If_Range=tag).content, content[:10])
    same(get(path, Range='bytes=0-9', If_Range='\"other\"').status_code, 200)
    beyond = get(path, Range=f'bytes={length}-')
    same((beyond.status_code, beyond.headers['Content-Range']), (416, f'bytes */{length}'))
    same(session.head(base + path, timeout=20).headers['Content-Length'], str(length))
pools = session.get_adapter(base).poolmanager.pools
same([pools[key].num_connections for key in pools.keys()], [1])
with get('/large.bin', stream=True) as left:
    next(left.iter_content(10))
same(get('/small.bin').status_code, 200)
";
    python(script, &server, &folder);
}
