//! Measures bytes in, bytes out in memory, with peers in the same run. See src/manual/performance.md.

mod contenders;

use contenders::{BROWSER, Contender, SMALL};
use std::time::{Duration, Instant};

/// Each round measures every contender once, so that changes in machine speed affect all of them alike.
const ROUNDS: usize = 41;
const ROUND_TIME: Duration = Duration::from_millis(4);

const USAGE: &str = "options: --quick | --ratios | --csv | --count NAME TIMES";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => tables(ROUNDS),
        ["--quick"] => tables(5),
        ["--ratios"] => ratios(),
        ["--csv"] => head_sizes(),
        ["--count", which, times] => match times.parse() {
            Ok(times) => count(which, times),
            Err(error) => panic!("{times:?} is no number of times: {error}; {USAGE}"),
        },
        _ => panic!("{arguments:?} is not understood; {USAGE}"),
    }
}

fn tables(rounds: usize) {
    for (name, request) in [("small GET", SMALL), ("browser GET", BROWSER)] {
        let title = format!("{name}, {} bytes", request.len());
        table(&title, contenders::contenders(request), rounds);
    }
    for (name, pair) in contenders::pairs() {
        table(name, pair, rounds);
    }
    table("routes", contenders::routes(), rounds);
    table("special cases", contenders::special_cases(), rounds);
}

/// Prints the ratio of an exchange to a peer, each with its best time of three quick runs. Another program can make a
/// round slower, but not faster.
fn ratios() {
    let best = |mut contenders: Vec<Contender>, own: &str, peer: &str| {
        let place = |name| contenders.iter().position(|(other, _)| *other == name);
        let (own, peer) = (place(own).unwrap(), place(peer).unwrap());
        let times = compare(&mut contenders, 3 * 5);
        let best = |which: usize| times[which].iter().copied().fold(f64::INFINITY, f64::min);
        best(own) / best(peer)
    };
    let (kept, dated) = (
        "bytegate kept connection, static",
        "bytegate handle_into, dated",
    );
    for (name, request) in [("small GET", SMALL), ("browser GET", BROWSER)] {
        for peer in ["httparse, the head alone", contenders::HTTP_NET] {
            let ratio = best(contenders::contenders(request), kept, peer);
            println!("{name}, {kept}: {ratio:.2} of {peer}");
        }
    }
    for (name, pair) in contenders::pairs() {
        let ratio = best(pair, dated, contenders::HTTP_NET_PAIR);
        println!(
            "{name}, {dated}: {ratio:.2} of {}",
            contenders::HTTP_NET_PAIR
        );
    }
}

/// Prints data for a plot of the cost against the size of the head.
fn head_sizes() {
    println!("contender,bytes,ns");
    for headers in [0, 1, 2, 4, 8, 16, 32, 64, 95] {
        let request = contenders::with_headers(headers);
        let mut contenders = contenders::contenders(request);
        let times = compare(&mut contenders, 15);
        for ((name, _), times) in contenders.iter().zip(times) {
            println!("\"{name}\",{},{:.0}", request.len(), median(times));
        }
    }
}

/// Runs a single contender this many times, for callgrind.
fn count(which: &str, times: usize) {
    let request: &'static [u8] = match which.trim_start_matches("kept-") {
        "small" => SMALL,
        "browser" => BROWSER,
        "dynamic" => contenders::DYNAMIC,
        "head" => contenders::HEAD,
        "form" => contenders::FORM,
        "routed" => contenders::ROUTED,
        "pipelined" => SMALL.repeat(16).leak(),
        "chunked" => contenders::chunked(64, 16).leak(),
        _ => panic!("there is no request {which:?} to count; {USAGE}"),
    };
    let mut run = match which.strip_prefix("kept-") {
        Some(_) => contenders::kept(request),
        None => contenders::into_used_buffer(request),
    };
    (0..times).for_each(|_| run());
}

fn table(title: &str, mut contenders: Vec<Contender>, rounds: usize) {
    let times = compare(&mut contenders, rounds);
    println!("\n{title}\n{:40} {:>8} {:>8}", "", "ns", "ratio");
    for ((name, _), own) in contenders.iter().zip(&times) {
        let ratios = own.iter().zip(&times[0]).map(|(own, first)| own / first);
        let (time, ratio) = (median(own.clone()), median(ratios.collect()));
        println!("{name:40} {time:>8.0} {ratio:>8.2}");
    }
}

/// The times of each contender, round by round.
fn compare(contenders: &mut [Contender], rounds: usize) -> Vec<Vec<f64>> {
    let mut times: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, run), times) in contenders.iter_mut().zip(&mut times) {
            times.push(measure(run));
        }
    }
    times
}

/// Nanoseconds for one run.
fn measure(run: &mut dyn FnMut()) -> f64 {
    let mut runs = 0;
    let started = Instant::now();
    while started.elapsed() < ROUND_TIME {
        for _ in 0..32 {
            run();
        }
        runs += 32;
    }
    started.elapsed().as_nanos() as f64 / f64::from(runs)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
