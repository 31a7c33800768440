//! Options for the content, and limits on requests.

use super::spec::{Completes, Spec, number, switch, text, texts};

pub(super) const OPTIONS: &[Spec] = &[
    texts(
        "auth",
        "USER:PASSWORD",
        "Require this name and password (Basic); may be given several times. Other users of this \
         machine see the password in ps: prefer --auth-file or BYTEGATE_AUTH",
    ),
    text(
        "auth-file",
        "FILE",
        "Let in only the users in FILE, which has USER:PASSWORD on each line. Others must not be \
         able to read FILE: chmod 600 FILE",
    )
    .default("the lines of the variable BYTEGATE_AUTH, if it is set")
    .completes(Completes::Files),
    text(
        "base",
        "PATH",
        "Serve everything below PATH, such as /repo/, and redirect / to PATH. Patterns leave PATH \
         out; targets of --redirect include it",
    ),
    switch(
        "isolated",
        "Isolate pages from other origins (COOP, COEP, CORP), so that games may use threads. \
         Browsers do so only over HTTPS and on localhost",
    ),
    switch(
        "security",
        "Set headers that protect users: no guessing of media types, no frames, no referrer for \
         other sites",
    ),
    switch("cors", "Let pages of any origin read the responses (CORS)"),
    texts(
        "dynamic",
        "SUFFIX",
        "Send paths ending in SUFFIX to the demo application; may be given several times",
    )
    .default(".py without DIR, nothing with DIR"),
    switch(
        "verbose",
        "Print to standard error each option that applies and where it was set, and each file \
         that is not served",
    ),
];

pub(super) const LIMITS: &[Spec] = &[
    number(
        "max-head",
        "SIZE",
        "Refuse larger request heads; one header line may take half of it",
    )
    .default("32K"),
    number("max-body", "SIZE", "Refuse larger request bodies").default("1M, or 64M for wsgi"),
];
