//! The files of a site by path.

use super::file::File;
use alloc::boxed::Box;

/// A map from decoded paths to files. An index is stored twice: under its own path and under that of its directory.
#[cfg(feature = "std")]
pub(super) type Files = std::collections::HashMap<Box<[u8]>, File, hash::BuildPathHasher>;

/// A map from decoded paths to files. An index is stored twice: under its own path and under that of its directory.
#[cfg(not(feature = "std"))]
pub(super) type Files = alloc::collections::BTreeMap<Box<[u8]>, File>;

#[cfg(feature = "std")]
mod hash {
    use core::hash::{BuildHasherDefault, Hasher};

    pub(super) type BuildPathHasher = BuildHasherDefault<PathHasher>;

    /// A hash of eight bytes at a time. It is not protected against chosen paths, because whoever builds a site chooses
    /// its paths, not a client.
    #[derive(Default)]
    pub(in super::super) struct PathHasher(u64);

    impl PathHasher {
        #[inline]
        fn mix(&mut self, word: u64) {
            /// 2^64 divided by the golden ratio.
            const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
            let product = u128::from(self.0 ^ word) * u128::from(FACTOR);
            self.0 = product as u64 ^ (product >> 64) as u64;
        }
    }

    impl Hasher for PathHasher {
        #[inline]
        fn write(&mut self, path: &[u8]) {
            let mut rest = path;
            while let Some((word, tail)) = rest.split_first_chunk() {
                self.mix(u64::from_le_bytes(*word));
                rest = tail;
            }
            match (path.last_chunk(), rest) {
                (_, []) => {}
                // Overlaps bytes that were mixed in already, which does no harm.
                (Some(word), _) => self.mix(u64::from_le_bytes(*word)),
                (None, few) => {
                    let word = few
                        .iter()
                        .fold(0, |word, &octet| word << 8 | u64::from(octet));
                    self.mix(word);
                }
            }
        }

        #[inline]
        fn write_usize(&mut self, length: usize) {
            self.mix(length as u64);
        }

        #[inline]
        fn finish(&self) -> u64 {
            self.0
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use core::hash::BuildHasher;

    #[test]
    fn different_paths_have_different_hashes() {
        let build = super::hash::BuildPathHasher::default();
        let mut hashes: alloc::vec::Vec<u64> = (0..100_000)
            .map(|number| build.hash_one(alloc::format!("/folder/file-{number}.html").as_bytes()))
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 100_000);
    }
}
