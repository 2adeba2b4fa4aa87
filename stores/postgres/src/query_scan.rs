//! Checks the text of a query before PostgreSQL sees it: one statement, and calls of listed
//! functions only.
//!
//! What PostgreSQL could read differently is refused: dollar quotes, escapes, and a string or
//! quoted name directly after a letter or an ampersand, which can change its meaning.

/// Functions that only compute a value from their arguments, or read the clock.
const FUNCTIONS: &[&str] = &[
    "abs",
    "age",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "btrim",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "date_part",
    "date_trunc",
    "dense_rank",
    "every",
    "extract",
    "first_value",
    "floor",
    "greatest",
    "initcap",
    "json_array_length",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_typeof",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "now",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "position",
    "power",
    "rank",
    "replace",
    "right",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "split_part",
    "sqrt",
    "starts_with",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "to_char",
    "trim",
    "trunc",
    "upper",
];

/// Words before an opening parenthesis that are not functions.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "cube",
    "distinct",
    "else",
    "escape",
    "except",
    "exists",
    "filter",
    "from",
    "group",
    "having",
    "ilike",
    "in",
    "intersect",
    "is",
    "join",
    "lateral",
    "like",
    "limit",
    "materialized",
    "not",
    "offset",
    "on",
    "or",
    "over",
    "rollup",
    "row",
    "select",
    "sets",
    "similar",
    "some",
    "symmetric",
    "then",
    "to",
    "union",
    "using",
    "values",
    "when",
    "where",
];

/// A query that may be asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned<'a> {
    /// Its one statement, without what ends it.
    pub(crate) select: &'a str,
    /// What stands behind a dot. That of a column, or of a function of what stands before it: `a.f`
    /// is `f(a)` where there is no column `f`.
    pub(crate) attributes: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// In double quotes.
    Name(String),
    Text,
    Sign(char),
}

/// Refuses what is more than one statement, names the catalog, or calls a function that is not in
/// the list.
pub(crate) fn scan(sql: &str) -> Result<Scanned<'_>, String> {
    let mut scanner = Scanner { sql, at: 0 };
    let mut select = sql;
    let (mut before, mut last) = (None, None);
    let (mut ended, mut empty) = (false, true);
    let mut attributes = Vec::new();
    while let Some((start, token)) = scanner.next()? {
        match &token {
            Token::Sign(';') if !ended => {
                (select, ended) = (sql.get(..start).unwrap_or_default(), true);
            }
            Token::Sign(';') => {}
            _ if ended => return Err("it is more than one statement".into()),
            Token::Sign('(') => check_call(before.as_ref(), last.as_ref())?,
            Token::Word(name) | Token::Name(name) => {
                check_name(name)?;
                if last == Some(Token::Sign('.')) {
                    attributes.push(folded(&token, name));
                }
            }
            Token::Text | Token::Sign(_) => {}
        }
        empty &= token == Token::Sign(';');
        (before, last) = (last, Some(token));
    }
    if empty { Err("it is empty".into()) } else { Ok(Scanned { select, attributes }) }
}

/// A name as PostgreSQL takes it: lower-case, unless it is quoted.
fn folded(token: &Token, name: &str) -> String {
    match token {
        Token::Word(_) => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let of_catalog =
        name.to_lowercase().starts_with("pg_") || name.eq_ignore_ascii_case("information_schema");
    match of_catalog {
        true => Err(format!("it names {name}, and may read the views only")),
        false => Ok(()),
    }
}

/// What stands before an opening parenthesis.
fn check_call(before: Option<&Token>, name: Option<&Token>) -> Result<(), String> {
    let (name, known) = match name {
        Some(Token::Word(word)) => {
            let word = word.to_ascii_lowercase();
            let known = [FUNCTIONS, KEYWORDS].iter().any(|list| list.contains(&word.as_str()));
            (word, known)
        }
        Some(Token::Name(name)) => (name.clone(), FUNCTIONS.contains(&name.as_str())),
        _ => return Ok(()),
    };
    if known && before != Some(&Token::Sign('.')) {
        return Ok(());
    }
    Err(format!("it calls {name}, which is none of the functions that a query may call"))
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// The next token, and where it begins.
    fn next(&mut self) -> Result<Option<(usize, Token)>, String> {
        self.skip_spaces()?;
        let start = self.at;
        let Some(first) = self.peek() else { return Ok(None) };
        let token = match first {
            '\'' | '"' => self.quoted(first)?,
            '$' | '\\' => return Err(format!("it has a {first} outside of quotes")),
            first if is_of_word(first) && !first.is_ascii_digit() => {
                let word = self.rest().split(|c| !is_of_word(c)).next().unwrap_or_default();
                let word = word.to_owned();
                self.at += word.len();
                Token::Word(word)
            }
            first => {
                self.at += first.len_utf8();
                Token::Sign(first)
            }
        };
        Ok(Some((start, token)))
    }

    /// Spaces and comments.
    fn skip_spaces(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let spaces =
                rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
            if spaces > 0 {
                self.at += spaces;
            } else if rest.starts_with("--") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += comment(rest).ok_or("a comment does not end")?;
            } else {
                return Ok(());
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token, String> {
        let before = self.sql.get(..self.at).and_then(|sql| sql.chars().next_back());
        if before.is_some_and(|c| is_of_word(c) || c == '&') {
            return Err(format!("a {quote} stands right behind a letter or an ampersand"));
        }
        let mut content = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let end = rest.find(quote).ok_or_else(|| format!("a {quote} does not end"))?;
            content.push_str(rest.get(..end).unwrap_or_default());
            self.at += end + 1;
            if self.peek() != Some(quote) {
                break;
            }
            content.push(quote);
            self.at += 1;
        }
        Ok(if quote == '"' { Token::Name(content) } else { Token::Text })
    }

    fn rest(&self) -> &str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
}

/// PostgreSQL takes every character beyond ASCII for a letter.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// The length of a comment, which may have others inside.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = text.get(at..)?;
        let next = rest.find(['/', '*'])?;
        match rest.get(next..next + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + next + 2),
            Some("*/") => (depth, at) = (depth - 1, at + next + 2),
            _ => at += next + 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_select_is_taken() {
        for (sql, select) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT ';' ; -- all\n /* of /* it */ ; */ ;", "SELECT ';' "),
            ("SELECT COUNT (*), \"max\"(used) FROM a WHERE b IN (1) AND (c = 'it''s(')", ""),
            ("WITH t AS (SELECT \"a;(\" FROM x) SELECT * FROM t", ""),
            ("SELECT date_trunc('day', at) FROM audit ORDER BY (1)", ""),
        ] {
            let wanted = if select.is_empty() { sql } else { select };
            assert_eq!(scan(sql).map(|scanned| scanned.select), Ok(wanted), "{sql}");
        }
    }

    #[test]
    fn what_stands_behind_a_dot_is_found() {
        let scanned =
            scan("SELECT a.Used, ('x'::text) /**/ . ts_stat, b.\"Quoted\", 1.5, c.* FROM a, b, c");
        assert_eq!(scanned.unwrap().attributes, ["used", "ts_stat", "Quoted"]);
    }

    #[test]
    fn whatever_could_be_more_is_refused() {
        for sql in [
            "",
            " ; ",
            "/* */--",
            "SELECT 1; SELECT 2",
            "SELECT set_config('role', 'none', false)",
            "SELECT SET_CONFIG /**/ -- x\r (1)",
            "SELECT \"set_config\"(1)",
            "SELECT x.count(1)",
            "SELECT U&\"\\0073et_config\"(1)",
            "SELECT u&'x'",
            "SELECT E'\\'; SELECT set_config(1)'",
            "SELECT $$a$$",
            "SELECT $1",
            "SELECT 'a",
            "SELECT /* /* */ 1",
            "SELECT * FROM pg_roles",
            "SELECT * FROM \"PG_catalog\".x",
            "SELECT * FROM information_schema.tables",
            "SELECT \u{e9}count(1)",
        ] {
            assert!(scan(sql).is_err(), "{sql}");
        }
    }
}
