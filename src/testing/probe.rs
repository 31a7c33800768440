//! A check of a whole application: odd requests to every route.

use super::finding::Finding;
use super::fuzz::fuzz_request;
use super::hostile::{Body, HEADERS, encode, encode_json, has_body, hostile_requests, json_object};
use super::names::{names_in, quoted_in};
use super::reader::Reader;
use super::reflection::reflections;
use super::response::ClientResponse;
use super::rules::response_rules;
use super::run::{End, Patience, run_caught};
use super::targets::RouteTarget;
use super::values::{COMMON_NAMES, ODD_JSON, json_string, odd_texts};
use crate::gateway::Gateway;
use crate::response::response::ResponseError;
use crate::values::method::Method;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Sends odd requests to every route of an application or a gateway, and panics with a list of the faults. One test
/// for a whole application:
///
/// ```
/// use bytegate::testing::probe;
/// use bytegate::{Request, Response, Router, escape_html};
///
/// fn app() -> Router {
///     Router::new().get("/hello/{name}", |request: &Request| {
///         Response::html(format!("<p>Hello {}</p>", escape_html(request.param("name").unwrap_or_default())))
///     })
/// }
///
/// probe(app());
/// ```
///
/// It finds panics, responses that break rules, 5xx, streams of another length than declared, HTML that is not escaped,
/// redirects to a foreign host, and text of a request in headers. [`findings`] tells more, and takes names of fields.
///
/// The requests also write and delete: give it an application with a state for tests. It takes about a second for ten
/// routes.
///
/// # Panics
/// Panics if there are findings. Each names the route, the rule and the request.
#[track_caller]
pub fn probe(gateway: impl Into<Gateway>) {
    let found = findings(gateway, &[]);
    let list: Vec<String> = found.iter().map(Finding::to_string).collect();
    assert!(
        list.is_empty(),
        "{} findings\n\n{}\n",
        list.len(),
        list.join("\n\n")
    );
}

/// Like [`probe`], but returns the list. `names` are names of form fields, query values and JSON members that the
/// application reads. Names that it mentions are found without: in errors, in HTML forms and in JSON. So are common
/// names, such as `q`, `name` and `next`.
///
/// Every route gets, one odd part at a time:
///
/// - the [hostile requests](hostile_requests);
/// - odd path parameters, query values and fields: quotes, NUL, HTML, long text, letters of two bytes, paths out of a
///   folder, hosts, numbers at the limits of types;
/// - JSON with the members that the errors of the application ask for, and odd values in each;
/// - five hundred random requests, always the same, as [`fuzz_request`] builds them.
///
/// An application without routes, such as a tower service, is asked for every path. A kind of mistake is listed once for each route. A panic is caught (feature `std`) and is a finding.
///
/// ```
/// use bytegate::testing::findings;
/// use bytegate::{Request, Response, Router};
///
/// let app = Router::new().get("/search", |request: &Request| {
///     let words = request.query_value("words").unwrap_or_default();
///     Response::html(format!("<p>Nothing found for {words}</p>"))
/// });
/// let found = findings(app, &["words"]);
/// let (finding, request) = (found[0].to_string(), String::from_utf8_lossy(&found[0].request));
/// assert!(finding.starts_with("GET /search: the page contains text of the request as HTML"), "{finding}");
/// assert!(request.contains("words=%3Cbytegate%22%3E%27"), "{request}");
/// ```
pub fn findings(gateway: impl Into<Gateway>, names: &[&str]) -> Vec<Finding> {
    let gateway = gateway.into();
    let mut probe = Probe {
        gateway: &gateway,
        names: names.iter().map(|name| name.to_string()).collect(),
        findings: Vec::new(),
        endless: Vec::new(),
    };
    let routes = RouteTarget::all_of(&gateway);
    for route in &routes {
        probe.plain(route);
    }
    for route in &routes {
        probe.hostile(route);
        probe.paths(route);
        probe.fields(route);
        if has_body(route.method) {
            probe.json(route);
        }
    }
    probe.random();
    probe.findings
}

/// The number of random requests.
const RANDOM: u32 = 500;

/// The most names that are tried alone.
const ALONE: usize = 64;

/// The most names that are taken from responses.
const TAKEN: usize = 24;

struct Probe<'g> {
    gateway: &'g Gateway,
    /// Names that the application reads, as far as they are known.
    names: Vec<String>,
    findings: Vec<Finding>,
    /// Patterns of routes with streams that do not end. Nothing waits for them again.
    endless: Vec<String>,
}

impl Probe<'_> {
    /// Sends requests without anything odd, and compares HEAD with GET.
    fn plain(&mut self, route: &RouteTarget) {
        let path = route.path(|_| "1".to_string());
        let bodies = Body::all(route.method);
        let mut last = None;
        for (words, body) in bodies {
            let case = format!("a request without fields{words}");
            last = self.send(route, case, body.encode(route.method, &path, &[]));
        }
        let (Method::GET, Some(get)) = (route.method, last) else {
            return;
        };
        let request = encode(Method::HEAD, &path, "", None);
        let Some(head) = self.send(route, "HEAD", request.clone()) else {
            return;
        };
        // A response that changes by itself cannot be compared.
        let again = encode(Method::GET, &path, "", None);
        let again = self.send(route, "the same request again", again);
        let is_stable = again.is_some_and(|again| again.raw() == get.raw());
        if !is_stable {
            return;
        }
        let source = "RFC 9110 section 9.3.2";
        let (wanted, found) = (get.status().code(), head.status().code());
        if wanted != found {
            let rule =
                format!("HEAD must have the status of GET, but has {found} instead of {wanted}");
            self.add(route, rule, source, "HEAD", &request);
        }
        for (name, value) in get.headers() {
            let is_same = head.headers().get_all(name).any(|other| other == value);
            if wanted == found && !is_same && name != "Transfer-Encoding" {
                let rule = format!("HEAD must have the headers of GET, but {name} differs");
                self.add(route, rule, source, "HEAD", &request);
            }
        }
    }

    fn hostile(&mut self, route: &RouteTarget) {
        let path = route.path(|_| "1".to_string());
        for request in hostile_requests(route.method, &path) {
            self.send(route, request.name, request.bytes);
        }
        for (words, headers) in HEADERS {
            let request = encode(route.method, &path, headers, None);
            self.send(route, words, request);
        }
    }

    /// Sends an odd value in each path parameter.
    fn paths(&mut self, route: &RouteTarget) {
        for odd in 0..route.parameters() {
            for (words, text) in odd_texts() {
                let mut place = 0;
                let path = route.path(|_| {
                    place += 1;
                    if place == odd + 1 {
                        text.clone()
                    } else {
                        "1".to_string()
                    }
                });
                // A path that is longer than the limits allow tests nothing.
                if path.len() < 4000 {
                    let case = format!("{words} in the path");
                    self.send(route, case, encode(route.method, &path, "", None));
                }
            }
        }
    }

    /// Sends odd values in the query and in forms: in all fields at once, and in each alone.
    fn fields(&mut self, route: &RouteTarget) {
        let path = route.path(|_| "1".to_string());
        let mut places = Vec::from([(", in the query", Body::Query)]);
        if has_body(route.method) {
            places.extend(Body::all(route.method));
        }
        for (encoding, place) in places {
            let names = self.learn(route, place, &path);
            let values = odd_texts();
            let values = values.iter().filter(|(_, text)| {
                // A target that is longer than the limits allow tests nothing.
                place != Body::Query || text.len() < 200
            });
            for (words, odd) in values {
                for name in &names {
                    let others = names.iter().filter(|_| place != Body::Query);
                    let others = others.filter(|other| *other != name);
                    let mut fields: Vec<_> = others.map(|other| (&other[..], "1")).collect();
                    fields.push((name, odd));
                    let case = format!("{words} in {name}{encoding}");
                    self.send(route, case, place.encode(route.method, &path, &fields));
                }
                let all: Vec<_> = names.iter().map(|name| (&name[..], &odd[..])).collect();
                let case = format!("{words} in all fields{encoding}");
                self.send(route, case, place.encode(route.method, &path, &all));
            }
        }
    }

    /// Returns the names of fields for a route: those that are known, those that its errors mention, and common ones.
    fn learn(&mut self, route: &RouteTarget, place: Body, path: &str) -> Vec<String> {
        let mut names = self.names.clone();
        for _ in 0..4 {
            let fields: Vec<_> = names.iter().map(|name| (&name[..], "1")).collect();
            let request = place.encode(route.method, path, &fields);
            let response = self.send(route, "fields that an error mentions", request);
            let errors = response.filter(|response| response.status().is_error());
            let mentioned = errors
                .map(|response| names_in(&response))
                .unwrap_or_default();
            let count = names.len();
            names.extend(mentioned);
            deduplicate(&mut names);
            if names.len() == count {
                break;
            }
        }
        names.extend(COMMON_NAMES.map(String::from));
        deduplicate(&mut names);
        names.truncate(ALONE);
        names
    }

    /// Sends JSON objects with the members that errors ask for, and odd values in each.
    fn json(&mut self, route: &RouteTarget) {
        const CANDIDATES: [&str; 6] = ["1", "\"Ada\"", "true", "[]", "{}", "null"];
        let path = route.path(|_| "1".to_string());
        let encode = |members: &[(String, String)]| {
            let members = members
                .iter()
                .map(|(name, value)| (&name[..], value.clone()));
            encode_json(route.method, &path, &json_object(members))
        };
        let mut members: Vec<(String, String)> = Vec::new();
        for _ in 0..40 {
            let case = "the members that an error mentions";
            let Some(response) = self.send(route, case, encode(&members)) else {
                break;
            };
            if !response.status().is_error() {
                break;
            }
            // Names that are not known are missing. A known one may have the wrong type: each gets its turn.
            let is_new = |name: &String| members.iter().all(|(known, _)| known != name);
            let missing: Vec<String> = quoted_in(&response).into_iter().filter(is_new).collect();
            let text = String::from_utf8_lossy(response.body()).into_owned();
            let turn = |value: &str| CANDIDATES.iter().position(|candidate| *candidate == value);
            let mentioned = members
                .iter_mut()
                .filter(|(name, _)| text.contains(&**name));
            match mentioned.min_by_key(|(_, value)| turn(value)) {
                _ if !missing.is_empty() => {
                    members.extend(missing.into_iter().map(|name| (name, "1".to_string())));
                }
                Some((_, value)) => match CANDIDATES.get(turn(value).unwrap_or_default() + 1) {
                    Some(next) => *value = next.to_string(),
                    None => break,
                },
                None => break,
            }
        }
        for name in self.names.clone() {
            if members.iter().all(|(known, _)| *known != name) {
                members.push((name, "1".to_string()));
            }
        }
        let texts = odd_texts()
            .into_iter()
            .map(|(words, text)| (words, json_string(&text)));
        let others = ODD_JSON.map(|(words, json)| (words, json.to_string()));
        for (words, odd) in texts.chain(others) {
            for place in 0..members.len() {
                let mut changed = members.clone();
                changed[place].1 = odd.clone();
                let case = format!("{words} in {}, as JSON", changed[place].0);
                self.send(route, case, encode(&changed));
            }
            // Numbers that are at their limit together.
            let mut changed = members.clone();
            let numbers = changed.iter_mut().filter(|(_, value)| value == "1");
            numbers.for_each(|(_, value)| *value = odd.clone());
            let case = format!("{words} in all numbers, as JSON");
            self.send(route, case, encode(&changed));
        }
    }

    /// Sends random requests, which are the same each time.
    fn random(&mut self) {
        let routes = RouteTarget::all_of(self.gateway);
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for _ in 0..RANDOM {
            let length = 2 + usize::from(random() % 30);
            let data: Vec<u8> = (0..length).map(|_| random()).collect();
            if let Some(request) = fuzz_request(self.gateway, &data) {
                let route = &routes[usize::from(data[0]) % routes.len()];
                self.send(
                    route,
                    format!("random data, {}", data.escape_ascii()),
                    request,
                );
            }
        }
    }

    /// Sends a request and checks its responses. Returns the last one if it is whole.
    fn send(
        &mut self,
        route: &RouteTarget,
        case: impl Into<Cow<'static, str>>,
        request: Vec<u8>,
    ) -> Option<ClientResponse> {
        let (case, request) = (case.into(), route.at_host(request));
        let mut patience = Patience::BRIEF;
        if self.endless.contains(&route.pattern) {
            patience.block = Duration::ZERO;
        }
        let ran = run_caught(self.gateway, &request, patience);
        if ran.end == End::NoEndOfBody && !self.endless.contains(&route.pattern) {
            self.endless.push(route.pattern.clone());
        }
        for error in &ran.errors {
            // This is how an application reports a late failure.
            if *error != ResponseError::BodyError {
                self.add(route, error.to_string(), "", case.clone(), &request);
            }
        }
        if ran.end == End::NoResponse {
            let rule = "the response is still pending after ten seconds";
            self.add(route, rule, "", case.clone(), &request);
        }
        let mut reader = Reader::new(&ran.output);
        let mut last = None;
        for method in ran.methods {
            let response = match reader.response(method) {
                Ok(response) => response,
                Err(error) => {
                    if !error.is_incomplete() {
                        self.add(route, error.to_string(), "", case, &request);
                    }
                    return None;
                }
            };
            let code = response.status().code();
            if code >= 500 && !matches!(code, 501 | 503) && ran.errors.is_empty() {
                let rule = format!("the response to a valid request is {}", response.status());
                self.add(route, rule, "RFC 9110 section 15.6", case.clone(), &request);
            }
            let broken = response_rules(&response)
                .into_iter()
                .chain(reflections(&response));
            for (rule, source) in broken {
                self.add(route, rule, source, case.clone(), &request);
            }
            if code < 400 && self.names.len() < TAKEN {
                self.names.extend(names_in(&response));
                deduplicate(&mut self.names);
            }
            last = Some(response);
        }
        last
    }

    /// Adds a finding, unless the route already has one of this kind.
    fn add(
        &mut self,
        route: &RouteTarget,
        rule: impl Into<Cow<'static, str>>,
        source: &'static str,
        case: impl Into<Cow<'static, str>>,
        request: &[u8],
    ) {
        let finding = Finding {
            route: format!("{} {}", route.method, route.pattern),
            rule: rule.into(),
            source,
            case: case.into(),
            request: request.to_vec(),
        };
        let is_known = self
            .findings
            .iter()
            .any(|known| known.route == finding.route && kind(&known.rule) == kind(&finding.rule));
        if !is_known {
            self.findings.push(finding);
        }
    }
}

/// Returns the part of a rule that does not depend on values.
fn kind(rule: &str) -> (&str, &str) {
    let end = rule.find(|character: char| character.is_ascii_digit() || "\"'`".contains(character));
    let start = rule.get(..end.unwrap_or(rule.len())).unwrap_or_default();
    // Which header differs counts as a separate kind.
    (start, rule.split(", but ").nth(1).unwrap_or_default())
}

fn deduplicate(names: &mut Vec<String>) {
    let mut seen: Vec<String> = Vec::new();
    names.retain(|name| {
        let is_new = !seen.contains(name);
        if is_new {
            seen.push(name.clone());
        }
        is_new
    });
}
