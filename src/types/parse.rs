//! Go's type syntax.

use super::gotype::GoType;

/// Text that is no Go type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at {at:?} in type {ty:?}")]
pub struct TypeSyntax {
    /// The whole text.
    pub ty: String,
    /// What is left of it where it went wrong.
    pub at: String,
    /// What is wrong.
    pub what: String,
}

/// Names that are not predeclared, and their types.
type Names<'a> = &'a dyn Fn(&str) -> Option<GoType>;

impl GoType {
    /// The type that this text denotes: `struct{a uint8; b float64; c string}`, `map[string][]any`, `func(int) error` and so on.
    ///
    /// # Errors
    /// When it is no type, or has a name in it that is not predeclared.
    pub fn parse(text: &str) -> Result<Self, TypeSyntax> {
        Self::parse_with(text, &|_| None)
    }

    /// [`parse`](Self::parse) with names of one's own, such as `main.Point`.
    ///
    /// # Errors
    /// When it is no type, or has a name in it that nobody knows.
    pub fn parse_with(text: &str, names: &dyn Fn(&str) -> Option<Self>) -> Result<Self, TypeSyntax> {
        let mut p = Parser { rest: text, names };
        let whole = p.ty().and_then(|t| if p.peek().is_empty() { Ok(t) } else { Err("unexpected text".to_owned()) });
        whole.map_err(|what| TypeSyntax { ty: text.to_owned(), at: p.rest.trim_start().to_owned(), what })
    }
}

struct Parser<'a> {
    rest: &'a str,
    names: Names<'a>,
}

type Parsed<T> = Result<T, String>;

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// Takes a mark, if it is next.
    fn eat(&mut self, mark: &str) -> bool {
        let rest = self.peek().strip_prefix(mark);
        // A word ends where it ends.
        let rest = rest.filter(|r| !mark.ends_with(is_word) || !r.starts_with(is_word));
        if let Some(r) = rest {
            self.rest = r;
        }
        rest.is_some()
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(format!("{mark:?} expected")) }
    }

    /// A name, a package's with its dot.
    fn name(&mut self) -> Parsed<&'a str> {
        let s = self.peek();
        let n = s.find(|c| !is_word(c) && c != '.').unwrap_or(s.len());
        if n == 0 {
            return Err("a type or name expected".to_owned());
        }
        self.rest = &s[n..];
        Ok(&s[..n])
    }

    fn ty(&mut self) -> Parsed<GoType> {
        if self.eat("*") {
            return Ok(GoType::pointer(&self.ty()?));
        }
        if self.eat("(") {
            let t = self.ty()?;
            self.expect(")")?;
            return Ok(t);
        }
        if self.eat("[") {
            if self.eat("]") {
                return Ok(GoType::slice(&self.ty()?));
            }
            let n = self.name()?;
            let n: usize = n.parse().map_err(|_| format!("{n:?} is no length"))?;
            self.expect("]")?;
            let elem = self.ty()?;
            if elem.size().checked_mul(n).is_none_or(|size| size > 1 << 47) {
                return Err("type too large".to_owned());
            }
            return Ok(GoType::array(&elem, n));
        }
        if self.eat("<-") {
            self.expect("chan")?;
            return Ok(GoType::recv_chan(&self.ty()?));
        }
        if self.eat("chan") {
            let send = self.eat("<-");
            let elem = self.ty()?;
            return Ok(if send { GoType::send_chan(&elem) } else { GoType::chan(&elem) });
        }
        if self.eat("map") {
            self.expect("[")?;
            let key = self.ty()?;
            self.expect("]")?;
            let elem = self.ty()?;
            if !key.comparable() {
                return Err(format!("invalid map key type {key}"));
            }
            return Ok(GoType::map(&key, &elem));
        }
        if self.eat("func") {
            let (params, results) = self.signature()?;
            return Ok(GoType::func(&params, &results));
        }
        if self.eat("struct") {
            return self.structure();
        }
        if self.eat("interface") {
            return self.interface();
        }
        let before = self.rest;
        let name = self.name()?;
        GoType::predeclared(name).or_else(|| (self.names)(name)).ok_or_else(|| {
            self.rest = before;
            format!("unknown type {name:?}")
        })
    }

    fn structure(&mut self) -> Parsed<GoType> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.eat("}") {
            let mut names = vec![self.name()?];
            while self.eat(",") {
                names.push(self.name()?);
            }
            let ty = self.ty()?;
            fields.extend(names.into_iter().map(|n| (n, ty.clone())));
            if !self.eat(";") {
                self.expect("}")?;
                break;
            }
        }
        Ok(GoType::structure(&fields))
    }

    fn interface(&mut self) -> Parsed<GoType> {
        self.expect("{")?;
        let mut methods = Vec::new();
        while !self.eat("}") {
            let name = self.name()?;
            let (params, results) = self.signature()?;
            let f = GoType::func(&params, &results);
            methods.push(format!("{name}{}", f.name().strip_prefix("func").expect("a function's name")));
            if !self.eat(";") {
                self.expect("}")?;
                break;
            }
        }
        methods.sort();
        Ok(GoType::interface(&methods.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// `(params) results`, without names.
    fn signature(&mut self) -> Parsed<(Vec<GoType>, Vec<GoType>)> {
        self.expect("(")?;
        let params = self.list()?;
        let results = match self.peek().chars().next() {
            None | Some(')' | ']' | '}' | ',' | ';') => Vec::new(),
            Some('(') => {
                self.eat("(");
                self.list()?
            }
            Some(_) => vec![self.ty()?],
        };
        Ok((params, results))
    }

    /// Types up to the closing bracket.
    fn list(&mut self) -> Parsed<Vec<GoType>> {
        let mut all = Vec::new();
        while !self.eat(")") {
            all.push(self.ty()?);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as Go's `%T` prints them.
    #[test]
    fn names() {
        for (text, name) in [
            ("byte", "uint8"),
            (" * [ 3 ] rune ", "*[3]int32"),
            ("any", "interface {}"),
            ("interface{}", "interface {}"),
            ("struct{}", "struct {}"),
            ("struct{a, b uint16; _ *any;}", "struct { a uint16; b uint16; _ *interface {} }"),
            ("map[string][]chan<- <-chan int", "map[string][]chan<- <-chan int"),
            ("func(int, []string) (error, bool)", "func(int, []string) (error, bool)"),
            ("func(func()) *int", "func(func()) *int"),
            ("interface{ String() string; Less(any) bool }", "interface { Less(interface {}) bool; String() string }"),
            ("(chan (int))", "chan int"),
            ("structure", "structure"),
            ("main.T", "main.T"),
            ("unsafe.Pointer", "unsafe.Pointer"),
        ] {
            let own = |n: &str| {
                let known = n == "structure" || n == "main.T";
                known.then(|| GoType::named(n, &GoType::structure(&[("x", GoType::int())])))
            };
            assert_eq!(GoType::parse_with(text, &own).unwrap().name(), name, "{text}");
        }
    }

    #[test]
    fn nonsense() {
        for (text, what) in [
            ("", "a type or name expected at \"\" in type \"\""),
            ("int int", "unexpected text at \"int\" in type \"int int\""),
            ("[x]int", "\"x\" is no length at \"]int\" in type \"[x]int\""),
            ("map[[]int]int", "invalid map key type []int at \"\" in type \"map[[]int]int\""),
            ("struct{a}", "a type or name expected at \"}\" in type \"struct{a}\""),
            ("[]T", "unknown type \"T\" at \"T\" in type \"[]T\""),
            ("[99999999999999]int", "type too large at \"\" in type \"[99999999999999]int\""),
            ("func(", "a type or name expected at \"\" in type \"func(\""),
        ] {
            assert_eq!(GoType::parse(text).unwrap_err().to_string(), what);
        }
    }
}
