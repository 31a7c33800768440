//! The watch list in a small embedded database.

use redb::{Database, ReadableTable, TableDefinition};
use std::str::FromStr;

/// Any error of the database.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// The notes, by the codes of the stocks.
const NOTES: TableDefinition<'_, &str, &str> = TableDefinition::new("notes");

/// The code of a stock: six digits.
pub(crate) struct Code(String);

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Code, &'static str> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Code(text.to_string()))
        } else {
            Err("the code of a stock has six digits")
        }
    }
}

pub(crate) struct Store(Database);

impl Store {
    /// Uses a database, which may be empty.
    pub(crate) fn new(database: Database) -> Result<Store, Failure> {
        let change = database.begin_write()?;
        change.open_table(NOTES)?;
        change.commit()?;
        Ok(Store(database))
    }

    /// All stocks on the list with their notes, sorted by code.
    pub(crate) fn list(&self) -> Result<Vec<(String, String)>, Failure> {
        let table = self.0.begin_read()?.open_table(NOTES)?;
        let rows = table.iter()?.map(|row| {
            let (code, note) = row?;
            Ok((code.value().to_string(), note.value().to_string()))
        });
        rows.collect()
    }

    /// Sets the note of a stock, or removes the stock. Changes nothing and returns `false` if the stock is listed and
    /// `is_listed` is false, or the other way around.
    pub(crate) fn set(
        &self,
        code: &Code,
        is_listed: bool,
        note: Option<&str>,
    ) -> Result<bool, Failure> {
        let (Code(code), change) = (code, self.0.begin_write()?);
        let mut table = change.open_table(NOTES)?;
        if table.get(&**code)?.is_some() != is_listed {
            return Ok(false);
        }
        match note {
            Some(note) => drop(table.insert(&**code, note)?),
            None => drop(table.remove(&**code)?),
        }
        drop(table);
        change.commit()?;
        Ok(true)
    }
}
