//! A small framework with a login.

use super::*;

const PAGES: [(&str, &str); 2] = [("/login.py", "Log in"), ("/register.py", "Register")];

/// Whether the form is shown again with this message.
fn is_shown_again(page: &ClientResponse, message: &str) -> bool {
    let html = page.text();
    let alert = format!("<p class=\"message error\" role=\"alert\">{message}</p>");
    page.status().code() == 200 && html.contains("<form method=\"post\"") && html.contains(&alert)
}

#[test]
fn get_shows_a_form_and_the_time() {
    for (target, title) in PAGES {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let page = respond_at(&demo::gateway(), request, Now::at_unix(784_111_777));
        let html = page.text();
        assert_eq!(
            (page.status().code(), header(&page, "content-type")),
            (200, HTML)
        );
        assert!(html.contains(&format!("<h1>{title}</h1>")));
        assert!(html.contains("<form method=\"post\">"));
        assert!(html.contains("Answered at Sun, 06 Nov 1994 08:49:37 GMT."));
        assert!(!html.contains("role=\"alert\""));
    }
}

/// The page that a browser shows after accepting a form: it follows the redirect.
fn after_redirect(gateway: &Gateway, redirect: &ClientResponse) -> ClientResponse {
    assert_eq!((redirect.status().code(), redirect.text()), (303, ""));
    get(gateway, header(redirect, "location"))
}

#[test]
fn the_right_password_logs_in() {
    let gateway = demo::gateway();
    let redirect = post(&gateway, "/login.py", "name=%61da&password=lovelace");
    assert_eq!(header(&redirect, "location"), "/login.py?welcome=ada");
    let page = after_redirect(&gateway, &redirect);
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("<h1>Welcome, ada</h1>"));
    assert!(!page.text().contains("<form"));
}

#[test]
fn the_name_in_the_query_is_escaped() {
    for target in ["/login.py", "/register.py"] {
        let page = get(&demo::gateway(), &format!("{target}?welcome=%3Cb%3E%22"));
        assert!(page.text().contains(", &lt;b&gt;&quot;</h1>"));
    }
}

#[test]
fn a_form_that_is_not_utf_8_is_rejected() {
    let gateway = demo::gateway();
    for password in ["%ff%fe%fd%fc%fb%fa%f9%f8", "%ff%ff%ff%ff%ff%ff%ff%ff"] {
        let form = format!("name=grace&password={password}&again=%ff%fe%fd%fc%fb%fa%f9%f8");
        for target in ["/login.py", "/register.py"] {
            let page = post(&gateway, target, &form);
            assert_eq!(
                (page.status().code(), header(&page, "content-type")),
                (400, HTML)
            );
            assert!(
                page.text()
                    .contains("Invalid request: the form is not UTF-8.")
            );
        }
    }
}

#[test]
fn a_complete_form_registers_the_user() {
    let form = "name=Gr%C3%A9ce.H&password=debugging+it&again=debugging%20it";
    let gateway = demo::gateway();
    let page = after_redirect(&gateway, &post(&gateway, "/register.py", form));
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("<h1>Thank you, Gréce.H</h1>"));
}

#[test]
fn a_bad_login_shows_the_form_again_with_a_reason() {
    const MISSING: &str = "Please give both a name and a password.";
    const WRONG: &str = "Incorrect name or password.";
    for (form, message) in [
        ("", MISSING),
        ("name=ada", MISSING),
        ("password=lovelace", MISSING),
        ("name=&password=", MISSING),
        ("name=+++&password=lovelace", MISSING),
        ("Name=ada&Password=lovelace", MISSING),
        ("name=ada&password=byron", WRONG),
        ("name=eve&password=lovelace", WRONG),
        ("name=ada&password=Lovelace", WRONG),
        ("name=eve&name=ada&password=lovelace", WRONG),
    ] {
        let page = post(&demo::gateway(), "/login.py", form);
        assert!(is_shown_again(&page, message), "{form}: {}", page.text());
    }
}

#[test]
fn a_bad_registration_shows_the_form_again_with_a_reason() {
    const NAME: &str = "A name has 3 to 32 letters, digits, points or dashes.";
    const SHORT: &str = "A password has at least 8 characters.";
    const OTHER: &str = "The two passwords are not the same.";
    let too_long = format!("name={}&password=12345678&again=12345678", "n".repeat(33));
    for (form, message) in [
        ("", NAME),
        ("name=ab&password=12345678&again=12345678", NAME),
        ("name=a+b+c&password=12345678&again=12345678", NAME),
        (&*too_long, NAME),
        ("name=grace", SHORT),
        ("name=grace&password=1234567&again=1234567", SHORT),
        ("name=grace&password=12345678", OTHER),
        ("name=grace&password=12345678&again=12345679", OTHER),
    ] {
        let page = post(&demo::gateway(), "/register.py", form);
        assert!(is_shown_again(&page, message), "{form}: {}", page.text());
    }
}

#[test]
fn an_odd_form_gets_a_page_that_explains_the_problem() {
    let huge = "x".repeat(900_000);
    let many = "name=&".repeat(1000);
    let mut forms: Vec<Vec<u8>> = [
        "name",
        "=",
        "&&&",
        "====&=&=",
        "%",
        "%zz=%4&name=%",
        "name=%00%0d%0aSet-Cookie:%20a=b",
        "{\"name\": \"ada\"}",
        &format!("name={huge}"),
        &format!("{huge}=name"),
        &many,
    ]
    .map(Vec::from)
    .into();
    forms.push(b"name=\xff\xfe&password=%ff%c0%ae".to_vec());
    forms.push((0..=255).collect());
    forms.push(vec![0; 10_000]);
    let mut state: u64 = 1;
    for length in 0..300 {
        let mut byte = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        forms.push((0..length).map(|_| byte()).collect());
    }
    let gateway = demo::gateway();
    for form in forms {
        for (target, title) in PAGES {
            let page = post(&gateway, target, &form);
            let start = form[..form.len().min(40)].escape_ascii();
            let is_utf_8 = percent_encoding::percent_decode(&form)
                .decode_utf8()
                .is_ok();
            assert_eq!(page.status().code() == 200, is_utf_8, "{target}: {start}");
            if is_utf_8 {
                assert!(page.text().contains(&format!("<h1>{title}</h1>")));
                assert!(page.text().contains("role=\"alert\""), "{target}: {start}");
            } else {
                assert_eq!(page.status(), 400, "{target}: {start}");
            }
        }
    }
}

#[test]
fn a_form_with_too_many_fields_is_refused() {
    let page = post(&demo::gateway(), "/login.py", "name=&".repeat(100_000));
    assert_eq!(page.status(), 413);
    assert!(
        page.text()
            .contains("Invalid request: the form has more than 1000 fields.")
    );
}

#[test]
fn a_body_of_another_type_is_not_read_as_a_form() {
    for (media_type, status) in [
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("<script>", 415),
        ("Application/X-WWW-Form-Urlencoded;charset=UTF-8", 303),
    ] {
        let form = "name=ada&password=lovelace";
        let request = format!(
            "POST /login.py HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let page = response(&demo::gateway(), request);
        assert_eq!(page.status().code(), status, "{media_type}");
        assert!(!page.text().contains("<script>"), "{media_type}");
    }
}

#[test]
fn typed_values_are_escaped() {
    let gateway = demo::gateway();
    let form = "name=%3Cscript%3Ealert(%22x%22)%3C/script%3E%27%26&password=x";
    let shown = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;";
    for page in [
        post(&gateway, "/login.py", form),
        post(&gateway, "/register.py", form),
        get(&gateway, "/%3Cscript%3Ealert(%22x%22)%3C'script%3E.py"),
    ] {
        let html = page.text();
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(!html.contains("\"x\""), "{html}");
    }
    let page = post(&gateway, "/login.py", form);
    assert!(
        page.text()
            .contains(&format!("<input name=\"name\" value=\"{shown}\""))
    );
}

#[test]
fn a_password_is_never_shown_again() {
    for (target, _) in PAGES {
        let page = post(
            &demo::gateway(),
            target,
            "name=x&password=hunter2&again=hunter3",
        );
        assert!(!page.text().contains("hunter"), "{target}");
    }
}

#[test]
fn an_unknown_page_gets_the_404_page_of_the_framework() {
    let page = get(&demo::gateway(), "/nope.py");
    assert_eq!(
        (page.status().code(), header(&page, "content-type")),
        (404, HTML)
    );
    assert!(
        page.text()
            .contains("The application has no page <code>/nope.py</code>.")
    );
}

#[test]
fn other_methods_get_the_list_of_allowed_ones() {
    let gateway = demo::gateway();
    for (method, status) in [("PUT", 405), ("DELETE", 405), ("OPTIONS", 204)] {
        let request = format!("{method} /login.py HTTP/1.1\r\nHost: x\r\n\r\n");
        let page = response(&gateway, request);
        assert_eq!(page.status().code(), status, "{method}");
        assert_eq!(header(&page, "allow"), "GET, HEAD, POST, OPTIONS");
    }
}

#[test]
fn head_is_get_without_the_body() {
    for target in ["/", "/login.py", "/nope.py"] {
        let head = response(
            &demo::gateway(),
            format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        );
        let get = get(&demo::gateway(), target);
        assert_eq!(head.status(), get.status());
        assert_eq!(head.headers(), get.headers(), "{head:?} {get:?}");
        assert_eq!(head.body(), b"");
    }
}
