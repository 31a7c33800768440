//! Sites from folders: read once, or live.

mod changes;
mod compressed;
mod files;
mod layers;
mod listings;
#[cfg(feature = "server")]
mod over_tcp;
mod policies;
mod replaced;
mod responses;
mod rules;
mod unserved;

use crate::temporary::Folder;
use bytegate::connection::CloseReason;
use bytegate::gateway::Wait;
use bytegate::request::ConnectionInfo;
use bytegate::site::{Dotfiles, EncodedNames, SiteOptions, Symlinks};
use bytegate::testing::{Client, ClientResponse};
use bytegate::{Gateway, Now, Site, Status};
use std::fs;
use std::io::Write;

/// Both constructors of a site from a folder: they serve existing files alike.
fn both(folder: &Folder, options: &SiteOptions) -> [Client; 2] {
    let loaded = options.clone().load(&folder.0).expect("a folder");
    let open = options.clone().open(&folder.0).expect("a folder");
    [Client::new(loaded), Client::new(open)]
}

fn get(client: &Client, path: &str) -> ClientResponse {
    client.get(path).send()
}

#[track_caller]
fn assert_texts(folder: &Folder, options: &SiteOptions, expected: &[(&str, Option<&str>)]) {
    for (client, maker) in both(folder, options).iter().zip(["loaded", "open"]) {
        for (path, text) in expected {
            let response = get(client, path);
            match text {
                Some(text) => assert_eq!(&response.text(), text, "{path}, {maker}"),
                None => assert_eq!(response.status(), Status::NOT_FOUND, "{path}, {maker}"),
            }
        }
    }
}
