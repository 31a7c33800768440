//! Callers of a connection that break its rules.

use super::*;

/// The output for a caller that reads and writes, but responds only through `respond`.
fn without_responses(input: &[u8], respond: impl Fn(&mut Connection, &str)) -> Vec<u8> {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = input;
    let mut output = Vec::new();
    for _ in 0..20 {
        let asked = match connection.step(&mut input, Now::default()) {
            Step::Admit(_) => "admit",
            Step::Request(_) => "call",
            Step::Data(_) => continue,
            Step::Pending { .. } | Step::SendBody => "more",
            Step::Refuse(_) => "refuse",
            Step::Read { .. } => {
                connection.end_input();
                continue;
            }
            Step::Write { .. } => {
                connection.output().move_to(&mut output);
                continue;
            }
            Step::Close(_) => return output,
        };
        respond(&mut connection, asked);
    }
    panic!("the connection never closes");
}

fn assert_one_500_that_closes(output: &[u8]) {
    let responses = reader::read_all(output, &[Method::GET]);
    assert_eq!(responses[0].status(), 500);
    assert!(responses[0].closes());
}

#[test]
fn a_request_without_a_response_is_refused_with_500() {
    let requests = [GET.repeat(2), post(5), [&post(5)[..], b"hello"].concat()];
    for request in requests {
        let output = without_responses(&request, |connection, asked| {
            if asked == "refuse" {
                let page = &mut Status::INTERNAL_SERVER_ERROR.into();
                connection.respond(page).expect("its turn");
            }
        });
        assert_one_500_that_closes(&output);
    }
}

#[test]
fn a_streamed_body_without_a_response_is_refused_with_500() {
    let request = [&post(5)[..], b"hello"].concat();
    let output = without_responses(&request, |connection, asked| match asked {
        "admit" => connection.admit(BodyMode::Stream(5)).expect("its turn"),
        "refuse" => {
            let page = &mut Status::INTERNAL_SERVER_ERROR.into();
            connection.respond(page).expect("its turn");
        }
        _ => {}
    });
    assert_one_500_that_closes(&output);
}

#[test]
fn a_caller_that_never_responds_sends_an_error_and_closes() {
    for request in [GET.to_vec(), post(5)] {
        assert_one_500_that_closes(&without_responses(&request, |_, _| {}));
    }
    let refused = without_responses(b"nonsense\r\n\r\n", |_, _| {});
    let responses = reader::read_all(&refused, &[Method::GET]);
    assert_eq!(
        (responses[0].status().code(), responses[0].closes()),
        (400, true)
    );
}

#[test]
fn commands_out_of_turn_are_errors_and_change_nothing() {
    let mut connection = Connection::new(Config::default(), Scheme::Http);
    let mut input = &GET[..10];
    let out_of_turn = |connection: &mut Connection| {
        let answered = connection.respond(&mut Response::text("early"));
        assert_eq!(answered, Err(OutOfTurn));
        assert_eq!(connection.admit(BodyMode::Buffer), Err(OutOfTurn));
        assert_eq!(connection.defer(), Err(OutOfTurn));
        assert_eq!(
            connection.send(Bytes::from_static(b"early")),
            Err(OutOfTurn)
        );
        assert_eq!(connection.end_body(Ok(())), Err(OutOfTurn));
        assert_eq!(connection.flush(), Err(OutOfTurn));
    };
    out_of_turn(&mut connection);
    connection.sent(1000);
    let step = connection.step(&mut input, Now::default());
    assert!(matches!(step, Step::Read { .. }));
    out_of_turn(&mut connection);
    assert!(connection.output().is_empty());
}

#[test]
fn a_closed_connection_stays_closed() {
    let mut wire = Wire::new(Config::default(), hello);
    assert_eq!(
        wire.send("nonsense\r\n\r\n"),
        Pause::Close(CloseReason::Refused)
    );
    let response = wire.taken.clone();
    wire.session.stop();
    wire.session.end_input();
    assert_eq!(wire.send(GET), Pause::Close(CloseReason::Refused));
    assert_eq!(wire.at(10_000), Pause::Close(CloseReason::Refused));
    assert!(wire.input.is_empty());
    assert_eq!(wire.taken, response);
}
