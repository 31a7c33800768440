//! Options that contradict each other, or that have no effect together.

use super::*;

#[test]
fn options_that_do_not_fit_together_are_named_with_the_way_out() {
    let all = [
        &["--tls-cert", "a.pem"][..],
        &["--tls-cert=a", "--tls-key=b", "--tls-key=c"],
        &["--redirect-http", "80"],
        &["--client-ca", "a", "--tls=false"],
        &["--tls", "--client-crl", "a"],
        &["--tls=false", "--tls-cert=a", "--tls-key=b"],
        &["--forwarded", "forwarded"],
        &["--forwarded-host"],
        &["--no-access-log", "--log-file", "a"],
        &["--no-access-log", "--log-format", "json"],
        &[".", "--memory", "--file-cache", "1M"],
        &["--listen", "unix:a", "--tls"],
        &["--listen", "unix:a", "--tls", "--redirect-http", "80"],
        &["--listen", "unix:a", "--open"],
        &["--trust-proxy", "unix"],
        &["--listen", "unix:a", "--proxy-protocol", "10.0.0.0/8"],
        &["--listen", "127.0.0.1:80", "--listen", "127.0.0.1:80"],
        &["--listen", "unix:a", "--listen", "unix:a,mode=660"],
        &["--port", "7000", "--admin", "127.0.0.1:7000"],
        &["--bind", "::1", "--port", "7000", "--listen", "[::]:7000"],
        &["--tls", "--port", "7000", "--redirect-http", "7000"],
    ];
    let lines = all.map(|arguments| complaint(arguments, 2));
    let lines = lines.map(|line| {
        let line = line.strip_prefix("bytegate: ").expect("the program");
        let line = line.strip_suffix(" (see bytegate --help)");
        line.expect("a hint").to_string()
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    --tls-cert needs its --tls-key (certificates: 1, keys: 0)
    --tls-key needs its --tls-cert (certificates: 1, keys: 2)
    --redirect-http needs --tls or --tls-cert
    --client-ca needs --tls or --tls-cert
    --client-crl needs --client-ca
    --tls=false and --tls-cert contradict each other: remove one of them
    --forwarded needs --trust-proxy
    --forwarded-host needs --trust-proxy
    --log-file has no effect with --no-access-log: remove one of them
    --log-format has no effect with --no-access-log: remove one of them
    --file-cache has no effect with --memory: remove one of them
    --tls needs a TCP address, such as --listen 0.0.0.0:443, because Unix sockets do not speak TLS
    --redirect-http needs a TCP address, such as --listen 0.0.0.0:443, because Unix sockets do not speak TLS
    --open needs a TCP address, such as --listen 0.0.0.0:443, because browsers cannot connect to Unix sockets
    --trust-proxy unix needs a Unix socket, such as --listen unix:/run/web.sock
    --proxy-protocol accepts no connection on --listen unix:a: add --proxy-protocol unix
    --listen 127.0.0.1:80 and --listen 127.0.0.1:80 name the same address: change or remove one of them
    --listen unix:a and --listen unix:a,mode=660 name the same address: change or remove one of them
    --port 7000 and --admin 127.0.0.1:7000 name the same address: change or remove one of them
    --port 7000 and --listen [::]:7000 name the same address: change or remove one of them
    --port 7000 and --redirect-http 7000 name the same address: change or remove one of them
    "#);
}

#[cfg(unix)]
#[test]
fn an_application_in_python_is_named_once() {
    let lines = [
        complaint(&["wsgi"], 2),
        complaint(&["wsgi", "a:b", "--static=/a=x", "--static=/a/=y"], 2),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    bytegate: wsgi needs an application: bytegate wsgi MODULE:APPLICATION (see bytegate --help)
    bytegate: --static /a=x and --static /a/=y have the same path: change or remove one of them (see bytegate --help)
    "#);
}

#[test]
fn options_of_a_config_file_are_named_with_its_lines() {
    let folder = Folder::new("combinations", &[("a", b"")]);
    let file = folder.path.join("site.toml");
    let path = file.to_str().expect("UTF-8");
    let mut lines = Vec::new();
    for (config, arguments) in [
        ("port = 80\nredirect-http = 81\n", &[][..]),
        ("log-file = 'a'\nno-access-log = true\n", &[]),
        ("log-file = 'a'\n", &["--no-access-log"]),
        ("tls-cert = [\n'a',\n'b',\n]\ntls-key = 'c'\n", &[]),
        ("\nadmin = '127.0.0.1:7000'\n", &["--port", "7000"]),
        ("qr = true\nno-qr = true\n", &[]),
    ] {
        std::fs::write(&file, config).expect("a file");
        let line = complaint(&[&["--config", path], arguments].concat(), 2);
        lines.push(line.replace(path, "site.toml"));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    bytegate: redirect-http ("site.toml" line 2) needs tls or tls-cert (see bytegate --help)
    bytegate: log-file ("site.toml" line 1) has no effect with no-access-log ("site.toml" line 2): remove one of them (see bytegate --help)
    bytegate: log-file ("site.toml" line 1) has no effect with --no-access-log: remove one of them (see bytegate --help)
    bytegate: tls-cert ("site.toml" line 3) needs its tls-key (certificates: 2, keys: 1) (see bytegate --help)
    bytegate: --port 7000 and admin 127.0.0.1:7000 ("site.toml" line 2) name the same address: change or remove one of them (see bytegate --help)
    bytegate: qr ("site.toml" line 1) and no-qr ("site.toml" line 2) contradict each other: remove one of them (see bytegate --help)
    "#);
    // The command line takes precedence, and other commands have no addresses.
    for (config, arguments) in [
        ("folder = '.'\nlisting = true\n", &["--no-listing"][..]),
        ("folder = '.'\n", &["--listing", "--no-listing"]),
        ("redirect-http = 81\nforwarded = 'forwarded'\n", &[]),
    ] {
        std::fs::write(&file, config).expect("a file");
        let arguments = [&["handle", "--config", path], arguments].concat();
        assert_eq!(run(&arguments, b"").code, Some(0), "{config}");
    }
}
