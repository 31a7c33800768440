//! Executors other than the one of the crate.

use super::*;

/// A minimal executor: a thread that sleeps until it is woken.
fn park_on(mut serving: Serving) -> io::Result<()> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut serving = pin!(serving.as_mut());
    loop {
        match serving.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn the_server_runs_on_any_executor() {
    let ways: [fn(Serving) -> io::Result<()>; 4] = [
        |serving| smol::block_on(serving),
        |serving| smol::future::block_on(serving),
        |serving| smol::block_on(smol::LocalExecutor::new().run(serving)),
        park_on,
    ];
    for block_on in ways {
        for threads in [1, 2] {
            let mut server = Custom::new(Setup::new(echo).threads(threads));
            server.block_on = block_on;
            let mut client = server.connect();
            server.serve(move || {
                assert_eq!(client.get("/a").body(), b"/a");
                assert_eq!(client.get("/b").body(), b"/b");
            });
        }
    }
}

#[test]
fn serving_can_be_spawned_and_cancelled() {
    let _turn = Turn::shared();
    let listener = net::listen("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let gateway = Gateway::new(echo);
    let serving = net::serve(
        listener,
        gateway,
        Options::default(),
        std::future::pending(),
    );
    let task = smol::spawn(serving);
    let mut client = Client::of(address);
    assert_eq!(client.get("/").status(), 200);
    assert!(smol::block_on(task.cancel()).is_none());
    assert!(matches!(client.rest().as_deref(), Ok(b"") | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}
