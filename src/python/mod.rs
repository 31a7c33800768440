//! Python's WSGI applications (PEP 3333), in processes of their interpreter (feature `python`, Unix only).

mod exchange;
mod frame;

#[doc(hidden)]
pub use exchange::fuzz;
