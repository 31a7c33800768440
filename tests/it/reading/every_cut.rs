//! Requests of a gateway, cut at every position.

use super::*;

#[test]
fn requests_from_a_gateway_are_read_at_every_cut() {
    let application = |request: &Request<'_>| -> Result<String, Rejection> {
        let form = request.form()?;
        let cookie = request.cookie("c").unwrap_or("none".into());
        Ok(format!("{} {cookie}\n", form.get("a").unwrap_or_default()))
    };
    let input = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nCookie: c=d\r\nContent-Type: {FORM}\r\nContent-Length: 3\r\n\r\na=b"
    );
    let gateway = Gateway::new(application);
    for cut in 0..input.len() {
        let (mut session, mut buffer) = (gateway.session(ConnectionInfo::default()), Vec::new());
        for piece in [&input[..cut], &input[cut..]] {
            buffer.extend_from_slice(piece.as_bytes());
            session.turn(&mut buffer, Now::default());
        }
        let output = session.take_output();
        assert_eq!(support::read_one(&output).body(), b"b d\n", "{cut}");
    }
}
