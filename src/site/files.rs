//! The files of a site by path.

use super::file::File;
use alloc::boxed::Box;

/// A map from decoded paths to files. An index is stored twice: under its own path and under its directory.
#[cfg(feature = "std")]
pub(super) type Files = std::collections::HashMap<Box<[u8]>, File, hash::BuildPathHasher>;

/// A map from decoded paths to files. An index is stored twice: under its own path and under its directory.
#[cfg(not(feature = "std"))]
pub(super) type Files = alloc::collections::BTreeMap<Box<[u8]>, File>;

#[cfg(feature = "std")]
mod hash {
    use core::hash::{BuildHasherDefault, Hasher};

    pub(super) type BuildPathHasher = BuildHasherDefault<PathHasher>;

    /// A hash of sixteen bytes at a time. It is not protected against chosen paths, because the author of a site
    /// chooses its paths, not a client.
    #[derive(Default)]
    pub(crate) struct PathHasher(u64);

    impl PathHasher {
        #[inline]
        fn mix(&mut self, one: u64, other: u64) {
            // Arbitrary numbers with about as many ones as zeros.
            const KEYS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03];
            let (one, other) = (one ^ KEYS[0], other ^ self.0 ^ KEYS[1]);
            let product = u128::from(one) * u128::from(other);
            self.0 = product as u64 ^ (product >> 64) as u64;
        }
    }

    impl Hasher for PathHasher {
        #[inline]
        fn write(&mut self, path: &[u8]) {
            let mut rest = path;
            while let Some((block, tail)) = rest.split_first_chunk::<16>() {
                let number = u128::from_le_bytes(*block);
                self.mix(number as u64, (number >> 64) as u64);
                rest = tail;
            }
            match (rest.first_chunk(), rest.last_chunk()) {
                // The two words overlap, which does no harm.
                (Some(first), Some(last)) => {
                    self.mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last));
                }
                _ => {
                    let word = rest
                        .iter()
                        .fold(0, |word, &byte| word << 8 | u64::from(byte));
                    self.mix(word, 0);
                }
            }
        }

        #[inline]
        fn write_usize(&mut self, length: usize) {
            self.0 ^= length as u64;
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
