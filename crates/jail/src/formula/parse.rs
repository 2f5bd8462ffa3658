//! Text to tree, with Python's precedence.
use super::value::{MATH1, Value};
use super::{Comparison, FormulaError, Function, Node, Operator};

/// Longer expressions are refused: nobody writes them, and evaluation recurses.
const MAX_LENGTH: usize = 4096;
/// Deeper nesting is refused, so that no expression can exhaust the stack.
const MAX_DEPTH: usize = 64;

pub(super) fn parse(source: &str) -> Result<Node, FormulaError> {
    if source.len() > MAX_LENGTH {
        return Err(FormulaError::at(
            MAX_LENGTH,
            format!("the expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(source)?,
        next: 0,
        depth: 0,
        end: source.len(),
    };
    let root = parser.expression()?;
    match parser.peek() {
        None => Ok(root),
        Some(token) => Err(parser.unexpected(token, "an operator or the end")),
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(Value),
    Name(&'a str),
    Symbol(&'static str),
}

/// Longer symbols first, so that `**` is not read as two `*`.
const SYMBOLS: [&str; 22] = [
    "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "(", ")", "<", ">", ",", "&", "|", "^",
    "~",
];

fn tokens(source: &str) -> Result<Vec<(usize, Token<'_>)>, FormulaError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        if first.is_ascii_whitespace() {
            at += 1;
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let length = number_length(rest);
            let value = number(&rest[..length])
                .ok_or_else(|| FormulaError::at(at, format!("`{}` is no number", &rest[..length])))?;
            tokens.push((at, Token::Number(value)));
            at += length;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(rest.len());
            tokens.push((at, Token::Name(&rest[..length])));
            at += length;
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            tokens.push((at, Token::Symbol(symbol)));
            at += symbol.len();
        } else {
            return Err(FormulaError::at(
                at,
                format!("`{first}` has no meaning here: write arithmetic over ban.Time, ban.Count and banFactor"),
            ));
        }
    }
    Ok(tokens)
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        let sign_of_exponent = matches!(byte, b'+' | b'-') && length > 0 && matches!(bytes[length - 1], b'e' | b'E');
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign_of_exponent) {
            break;
        }
        length += 1;
    }
    length
}

fn number(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        // Python knows no numbers like `007`.
        if plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|byte| byte != b'0') {
            return None;
        }
        return match plain.parse() {
            Ok(int) => Some(Value::Int(int)),
            Err(_) => plain.parse().ok().map(Value::Float),
        };
    }
    // Rust also reads words like `inf`, which cannot come here: the first character is a digit or a dot.
    plain.parse().ok().map(Value::Float)
}

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    end: usize,
}

/// Binary operators from the loosest to the tightest; each level groups from the left.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("|", Operator::BitOr)],
    &[("^", Operator::BitXor)],
    &[("&", Operator::BitAnd)],
    &[("<<", Operator::ShiftLeft), (">>", Operator::ShiftRight)],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[
        ("*", Operator::Multiply),
        ("/", Operator::Divide),
        ("//", Operator::FloorDivide),
        ("%", Operator::Remainder),
    ],
];

const COMPARISONS: [(&str, Comparison); 6] = [
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
];

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).map(|(_, token)| *token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn take(&mut self, wanted: Token<'_>) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), FormulaError> {
        if self.take(Token::Symbol(symbol)) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => self.unexpected(token, &format!("`{symbol}`")),
            None => FormulaError::at(self.end, format!("the expression ends where `{symbol}` is missing")),
        })
    }

    fn unexpected(&self, token: Token<'_>, wanted: &str) -> FormulaError {
        let shown = match token {
            Token::Number(_) => "a number".to_owned(),
            Token::Name(name) => format!("`{name}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
        };
        FormulaError::at(self.at(), format!("{shown} stands where {wanted} should"))
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, FormulaError>) -> Result<T, FormulaError> {
        if self.depth == MAX_DEPTH {
            return Err(FormulaError::at(self.at(), "the expression is nested too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Node, FormulaError> {
        self.deeper(|parser| {
            let then = parser.disjunction()?;
            if !parser.take(Token::Name("if")) {
                return Ok(then);
            }
            let condition = parser.disjunction()?;
            if !parser.take(Token::Name("else")) {
                return Err(FormulaError::at(
                    parser.at(),
                    "`if` needs its `else`: write `a if condition else b`",
                ));
            }
            Ok(Node::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(parser.expression()?),
            })
        })
    }

    fn disjunction(&mut self) -> Result<Node, FormulaError> {
        let mut node = self.conjunction()?;
        while self.take(Token::Name("or")) {
            node = Node::Or(Box::new(node), Box::new(self.conjunction()?));
        }
        Ok(node)
    }

    fn conjunction(&mut self) -> Result<Node, FormulaError> {
        let mut node = self.negation()?;
        while self.take(Token::Name("and")) {
            node = Node::And(Box::new(node), Box::new(self.negation()?));
        }
        Ok(node)
    }

    fn negation(&mut self) -> Result<Node, FormulaError> {
        if self.take(Token::Name("not")) {
            return self.deeper(|parser| Ok(Node::Not(Box::new(parser.negation()?))));
        }
        let first = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.one_of(&COMPARISONS) {
            rest.push((comparison, self.binary(0)?));
        }
        Ok(if rest.is_empty() {
            first
        } else {
            Node::Compare(Box::new(first), rest)
        })
    }

    fn one_of<T: Copy>(&mut self, choices: &[(&'static str, T)]) -> Option<T> {
        let (_, found) = choices
            .iter()
            .find(|(symbol, _)| self.peek() == Some(Token::Symbol(symbol)))?;
        self.next += 1;
        Some(*found)
    }

    fn binary(&mut self, level: usize) -> Result<Node, FormulaError> {
        let Some(operators) = LEVELS.get(level) else {
            return self.signed();
        };
        let mut node = self.binary(level + 1)?;
        // Each operator nests the tree once more on its left.
        let mut nested = 0;
        while let Some(operator) = self.one_of(operators) {
            nested += 1;
            if nested > 4 * MAX_DEPTH {
                return Err(FormulaError::at(self.at(), "the expression has too many operators"));
            }
            let right = self.binary(level + 1)?;
            node = Node::Binary(operator, Box::new(node), Box::new(right));
        }
        Ok(node)
    }

    fn signed(&mut self) -> Result<Node, FormulaError> {
        if self.take(Token::Symbol("-")) {
            self.deeper(|parser| Ok(Node::Negate(Box::new(parser.signed()?))))
        } else if self.take(Token::Symbol("~")) {
            self.deeper(|parser| Ok(Node::Invert(Box::new(parser.signed()?))))
        } else if self.take(Token::Symbol("+")) {
            self.deeper(Parser::signed)
        } else {
            let base = self.primary()?;
            if !self.take(Token::Symbol("**")) {
                return Ok(base);
            }
            let exponent = self.deeper(Parser::signed)?;
            Ok(Node::Binary(Operator::Power, Box::new(base), Box::new(exponent)))
        }
    }

    fn primary(&mut self) -> Result<Node, FormulaError> {
        let at = self.at();
        let Some(token) = self.peek() else {
            return Err(FormulaError::at(at, "the expression ends where a value is missing"));
        };
        match token {
            Token::Number(value) => {
                self.next += 1;
                Ok(Node::Constant(value))
            }
            Token::Symbol("(") => {
                self.next += 1;
                let node = self.expression()?;
                self.expect(")")?;
                Ok(node)
            }
            Token::Name(name) => {
                self.next += 1;
                match named_value(name) {
                    Some(node) => Ok(node),
                    None => self.call(at, name),
                }
            }
            Token::Symbol(_) => Err(self.unexpected(token, "a value")),
        }
    }

    fn call(&mut self, at: usize, name: &str) -> Result<Node, FormulaError> {
        let Some((function, least, most)) = named_function(name) else {
            return Err(FormulaError::at(
                at,
                format!(
                    "`{name}` is unknown: there are ban.Time, ban.Count, banFactor, float(), int(), min(), max(), \
                     abs(), round(), pow(), functions of math, random.random(), random.uniform() and random.randint()"
                ),
            ));
        };
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(Token::Symbol(")")) {
            loop {
                arguments.push(self.expression()?);
                if self.take(Token::Symbol(")")) {
                    break;
                }
                self.expect(",")?;
            }
        }
        if !(least..=most).contains(&arguments.len()) {
            return Err(FormulaError::at(
                at,
                format!("`{name}` takes {least} argument(s), here it has {}", arguments.len()),
            ));
        }
        Ok(Node::Call(function, arguments))
    }
}

fn named_value(name: &str) -> Option<Node> {
    Some(match name {
        "ban.Time" => Node::Time,
        "ban.Count" => Node::Count,
        "banFactor" => Node::Factor,
        "True" => Node::Constant(Value::from(true)),
        "False" => Node::Constant(Value::from(false)),
        "math.pi" => Node::Constant(Value::Float(std::f64::consts::PI)),
        "math.e" => Node::Constant(Value::Float(std::f64::consts::E)),
        "math.tau" => Node::Constant(Value::Float(std::f64::consts::TAU)),
        "math.inf" => Node::Constant(Value::Float(f64::INFINITY)),
        _ => return None,
    })
}

/// The function of a name, and how many arguments it takes at least and at most.
fn named_function(name: &str) -> Option<(Function, usize, usize)> {
    Some(match name {
        "float" => (Function::Float, 1, 1),
        "int" => (Function::Int, 1, 1),
        "min" => (Function::Min, 2, usize::MAX),
        "max" => (Function::Max, 2, usize::MAX),
        "abs" => (Function::Abs, 1, 1),
        "round" => (Function::Round, 1, 2),
        "pow" => (Function::Pow, 2, 2),
        "random.random" => (Function::Random, 0, 0),
        "random.uniform" => (Function::Uniform, 2, 2),
        "random.randint" => (Function::RandInt, 2, 2),
        "math.log" => (Function::MathLog, 1, 2),
        "math.pow" => (Function::MathPow, 2, 2),
        "math.atan2" => (Function::MathAtan2, 2, 2),
        "math.hypot" => (Function::MathHypot, 2, 2),
        "math.fmod" => (Function::MathFmod, 2, 2),
        _ => {
            let name = name.strip_prefix("math.")?;
            let (_, function) = MATH1.iter().find(|(known, _)| *known == name)?;
            (Function::Math1(*function), 1, 1)
        }
    })
}
