//! Names with special characters.

use super::*;

#[test]
fn curl_finds_every_name_encoded_or_typed() {
    if !has_curl() {
        return;
    }
    let folder = folder_of_names();
    let (server, _) = serve(&folder);
    let fetch = |name: &str, path: String| {
        // `-g`: brackets and braces are ordinary characters.
        let arguments = ["-sSgL", "-w", " %{http_code}", &server.url(&path)];
        let response = output_of("curl", &arguments, &folder);
        assert_eq!(response, format!("{name} 200"), "{path}");
    };
    for name in NAMES {
        fetch(name, format!("/{}.txt", encoded(name)));
        // By a redirect, which curl follows.
        fetch(name, format!("/in/{}", encoded(name)));
        // curl sends the typed text. It does not accept spaces, and no URL can contain these.
        if !name.contains([' ', '#', '?', '%', '"', '<', '>']) {
            fetch(name, format!("/{name}.txt"));
            fetch(name, format!("/in/{name}"));
        }
    }
}

#[test]
fn requests_finds_every_name_encoded_or_typed() {
    if !has_requests() {
        return;
    }
    let folder = folder_of_names();
    let (server, _) = serve(&folder);
    let script = "
names = [name[:-4] for name in os.listdir(folder) if name.endswith('.txt')]
same(len(names), 20)
for name in names:
    spellings = [urllib.parse.quote(name), urllib.parse.quote(name, safe='')]
    # requests encodes what a URL may not contain.
    if not set('#?%') & set(name):
        spellings.append(name)
    for spelling in spellings:
        for path in [f'/{spelling}.txt', f'/in/{spelling}']:
            answer = get(path)
            same((answer.status_code, answer.content.decode(), path), (200, name, path))
";
    python(script, &server, &folder);
}
