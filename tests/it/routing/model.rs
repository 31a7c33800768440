//! A router agrees with a model that tries every rule.

use super::*;

/// A rule and the requests it accepts, without optimizations.
#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Route(Option<&'static str>, Vec<Segment>),
    Mount(Vec<Segment>),
    Suffix(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Segment {
    Text(&'static str),
    /// The parameter's name makes no difference to matching.
    Param(&'static str),
    Tail,
}

/// How specific a rule is: segment by segment, then by method.
type Rank = (Vec<u32>, u32);

impl Rule {
    fn text(&self) -> String {
        let pattern = |segments: &[Segment]| {
            let texts = segments
                .iter()
                .enumerate()
                .map(|(place, segment)| match segment {
                    Segment::Text(text) => format!("/{text}"),
                    Segment::Param(name) => format!("/{{{name}{place}}}"),
                    Segment::Tail => "/{*tail}".to_string(),
                });
            texts.collect::<String>()
        };
        match self {
            Rule::Route(_, segments) => pattern(segments),
            Rule::Mount(segments) if segments.is_empty() => "/".to_string(),
            Rule::Mount(segments) => pattern(segments),
            Rule::Suffix(suffix) => suffix.to_string(),
        }
    }

    /// The shape that no two rules of a router may share.
    fn shape(&self) -> String {
        let text = self.text().replace("{x", "{y");
        match self {
            Rule::Route(method, _) => format!("{method:?} {text}"),
            Rule::Mount(_) => format!("mount {text}"),
            Rule::Suffix(_) => format!("suffix {text:?}"),
        }
    }

    fn segments(&self) -> &[Segment] {
        match self {
            Rule::Route(_, segments) | Rule::Mount(segments) => segments,
            Rule::Suffix(_) => &[],
        }
    }

    /// Adds the rule with an application that sends its name, and the values of its parameters, in a header.
    fn add_to(&self, router: Router) -> Router {
        let (text, shape) = (self.text(), self.shape());
        let segments = self.segments().iter().enumerate();
        let names = segments.filter_map(|(place, segment)| match segment {
            Segment::Text(_) => None,
            Segment::Param(name) => Some(format!("{name}{place}")),
            Segment::Tail => Some("tail".to_string()),
        });
        let names: Vec<String> = names.collect();
        let application = move |request: &Request<'_>| {
            let values = names
                .iter()
                .map(|name| request.param(name).unwrap_or("none"));
            let values: String = values.map(|value| format!("[{value}]")).collect();
            Response::text("").with_header("X-Rule", format!("{shape}{values}"))
        };
        match self {
            Rule::Route(Some(method), _) => {
                let method = method.parse::<Method>().expect("a token");
                router.route(method, &text, application)
            }
            Rule::Route(None, _) => router.any(&text, application),
            Rule::Mount(_) => router.mount(&text, application),
            Rule::Suffix(_) => router.suffix(&text, application),
        }
    }

    /// Whether the path matches. If so, how specific the rule is.
    fn rank_of_path(&self, path: &str) -> Option<Vec<u32>> {
        let given: Vec<&str> = path[1..].split('/').collect();
        let (segments, is_mount) = match self {
            Rule::Suffix(suffix) => {
                // The longest suffix comes first.
                return path
                    .ends_with(suffix)
                    .then(|| vec![2, 100 - suffix.len() as u32]);
            }
            Rule::Route(_, segments) => (segments, false),
            Rule::Mount(segments) => (segments, true),
        };
        let mut rank = Vec::new();
        for (place, segment) in segments.iter().enumerate() {
            let given = given.get(place)?;
            match segment {
                Segment::Text(text) if text == given => rank.push(0),
                Segment::Param(_) if !given.is_empty() => rank.push(1),
                Segment::Tail => {
                    rank.push(3);
                    return Some(rank);
                }
                Segment::Text(_) | Segment::Param(_) => return None,
            }
        }
        if is_mount {
            rank.push(4);
            return Some(rank);
        }
        (segments.len() == given.len()).then_some(rank)
    }

    fn rank(&self, method: &str, path: &str) -> Option<Rank> {
        let of_path = self.rank_of_path(path)?;
        let of_method = match self {
            Rule::Route(Some(own), _) if *own == method => 0,
            Rule::Route(Some("GET"), _) if method == "HEAD" => 1,
            Rule::Route(Some(_), _) => return None,
            Rule::Route(None, _) | Rule::Mount(_) | Rule::Suffix(_) => 2,
        };
        Some((of_path, of_method))
    }
}

/// Tries all rules, and takes the most specific one.
fn model(rules: &[Rule], method: &str, path: &str) -> String {
    let ranked = rules
        .iter()
        .filter_map(|rule| Some((rule.rank(method, path)?, rule)));
    match ranked.min_by(|(one, _), (other, _)| one.cmp(other)) {
        Some((_, rule)) => format!("{}{}", rule.shape(), values(rule, path)),
        None if rules.iter().any(|rule| rule.rank_of_path(path).is_some()) => {
            if method == "OPTIONS" { "204" } else { "405" }.to_string()
        }
        None => "404".to_string(),
    }
}

/// The values of the parameters of a rule that matches.
fn values(rule: &Rule, path: &str) -> String {
    let given: Vec<&str> = path[1..].split('/').collect();
    let segments = rule.segments().iter().enumerate();
    let values = segments.filter_map(|(place, segment)| match segment {
        Segment::Text(_) => None,
        Segment::Param(_) => Some(given[place].to_string()),
        Segment::Tail => Some(given[place..].join("/")),
    });
    values.map(|value| format!("[{value}]")).collect()
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        select(vec!["a", "b", "a.py"]).prop_map(Segment::Text),
        select(vec!["x", "y"]).prop_map(Segment::Param),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let end = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Segment::Text(""))),
        1 => Just(Some(Segment::Tail)),
    ];
    let pattern = (vec(segment(), 0..3), end).prop_map(|(mut segments, end)| {
        segments.extend(end);
        if segments.is_empty() {
            segments.push(Segment::Text(""));
        }
        segments
    });
    let method = select(vec![
        Some("GET"),
        Some("HEAD"),
        Some("POST"),
        Some("PURGE"),
        None,
    ]);
    prop_oneof![
        8 => (method, pattern).prop_map(|(method, pattern)| Rule::Route(method, pattern)),
        2 => vec(segment(), 0..3).prop_map(Rule::Mount),
        1 => select(vec![".py", "a.py", "/b", "a", ""]).prop_map(Rule::Suffix),
    ]
}

/// Rules that do not conflict.
/// Returns the target that a relative reference in the response for a path leads to.
fn resolved(path: &str, reference: &str) -> String {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut rest = reference.strip_prefix("./").unwrap_or(reference);
    while let Some(after) = rest.strip_prefix("../") {
        folders.pop();
        rest = after;
    }
    [folders.join("/").as_str(), "/", rest].concat()
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    vec(rule(), 0..12).prop_map(|rules| {
        let mut distinct: Vec<Rule> = Vec::new();
        for rule in rules {
            if distinct.iter().all(|other| other.shape() != rule.shape()) {
                distinct.push(rule);
            }
        }
        distinct
    })
}

fn path() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "a.py", "c", ""]), 1..5)
        .prop_map(|segments| format!("/{}", segments.join("/")))
}

fn method() -> impl Strategy<Value = &'static str> {
    select(vec!["GET", "HEAD", "POST", "PURGE", "OPTIONS", "PUT"])
}

fn build(rules: &[Rule]) -> Router {
    rules
        .iter()
        .fold(Router::new(), |router, rule| rule.add_to(router))
}

proptest! {
    #[test]
    fn a_router_agrees_with_a_model_that_tries_every_rule(
        rules in rules(),
        requests in vec((method(), path()), 1..20),
    ) {
        let gateway = Gateway::new(build(&rules));
        for (method, path) in requests {
            let expected = model(&rules, method, &path);
            let response = ask(&gateway, method, &path);
            let found = match response.status().code() {
                200 => header(&response, "x-rule"),
                status => status.to_string(),
            };
            prop_assert_eq!(found, expected, "{} {}", method, path);
        }
    }

    #[test]
    fn the_order_of_registration_never_changes_a_response(
        (rules, shuffled) in rules().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        requests in vec((method(), path()), 1..20),
    ) {
        let (one, other) = (build(&rules), build(&shuffled));
        prop_assert_eq!(one.to_string(), other.to_string());
        let (one, other) = (Gateway::new(one), Gateway::new(other));
        for (method, path) in requests {
            let (first, second) = (ask(&one, method, &path), ask(&other, method, &path));
            prop_assert_eq!(first.raw(), second.raw());
        }
    }

    #[test]
    fn a_conflict_is_found_regardless_of_parameter_names(mut pairs in vec(rule(), 2)) {
        let (other, rule) = (pairs.remove(0), pairs.remove(0));
        if let Rule::Route(Some(method), _) = &rule {
            let mut router = other.add_to(Router::new());
            let method = method.parse::<Method>().expect("a token");
            let added = router.try_route(method, &rule.text(), shown);
            prop_assert_eq!(added.is_err(), rule.shape() == other.shape());
        }
    }

    #[test]
    fn a_redirect_stays_on_this_host_and_leads_to_a_route(
        rules in rules(),
        method in method(),
        path in path(),
        query in select(vec!["", "?", "?a=/b"]),
    ) {
        let router = build(&rules).trailing_slash(TrailingSlash::Redirect);
        let gateway = Gateway::new(router);
        let response = ask(&gateway, method, &format!("{path}{query}"));
        if response.status().code() == 308 {
            let location = header(&response, "location");
            let first = location.split(['/', '?']).next().unwrap_or_default();
            prop_assert!(!first.is_empty() && !first.contains(':'), "{}", location);
            prop_assert!(location.ends_with(query), "{}", location);
            prop_assert_eq!(ask(&gateway, method, &resolved(&path, &location)).status(), 200);
        }
    }
}
