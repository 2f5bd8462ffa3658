//! The arithmetic that `bantime.factor` and `bantime.formula` are written in: a small part of Python, evaluated
//! here and never executed. Used where a decision needs its ban time.
//!
//! There are no loops, names to assign or attributes to reach, so an evaluation takes at most as many steps as the
//! expression has operators.

mod parse;
mod value;

use value::Value;

/// An expression, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    source: String,
    root: Node,
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// In one sentence, with what would be right.
    pub message: String,
    /// Byte in the expression, where known.
    pub at: Option<usize>,
}

impl FormulaError {
    fn at(at: usize, message: impl Into<String>) -> Self {
        FormulaError {
            message: message.into(),
            at: Some(at),
        }
    }

    fn here(message: impl Into<String>) -> Self {
        FormulaError {
            message: message.into(),
            at: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    Time,
    Count,
    Factor,
    Negate(Box<Node>),
    Invert(Box<Node>),
    Not(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    /// `a < b <= c`: the first operand, then each comparison with its right-hand side.
    Compare(Box<Node>, Vec<(Comparison, Node)>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    ShiftLeft,
    ShiftRight,
    BitAnd,
    BitOr,
    BitXor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Float,
    Int,
    Min,
    Max,
    Abs,
    Round,
    Pow,
    Random,
    Uniform,
    RandInt,
    /// A function of `math` with one argument.
    Math1(value::Math1),
    MathLog,
    MathPow,
    MathAtan2,
    MathHypot,
    MathFmod,
}

struct Circumstances<'a> {
    time: Value,
    count: Value,
    factor: Value,
    luck: &'a mut dyn FnMut() -> f64,
}

impl Formula {
    /// Parses an expression over `ban.Time`, `ban.Count`, `banFactor`, `math.*` and `random.*`.
    pub fn parse(source: &str) -> Result<Self, FormulaError> {
        Ok(Formula {
            source: source.to_owned(),
            root: parse::parse(source)?,
        })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its value, always a finite number. `luck` gives numbers in [0, 1).
    pub fn value(
        &self,
        time: f64,
        count: u32,
        factor: f64,
        luck: &mut dyn FnMut() -> f64,
    ) -> Result<f64, FormulaError> {
        let mut circumstances = Circumstances {
            time: Value::from_f64(time),
            count: Value::Int(count.into()),
            factor: Value::from_f64(factor),
            luck,
        };
        let value = self.root.value(&mut circumstances)?.as_f64();
        if !value.is_finite() {
            return Err(FormulaError::here(format!(
                "what comes out is {value}, which is no ban time"
            )));
        }
        Ok(value)
    }
}

impl Node {
    fn value(&self, with: &mut Circumstances<'_>) -> Result<Value, FormulaError> {
        Ok(match self {
            Node::Constant(value) => *value,
            Node::Time => with.time,
            Node::Count => with.count,
            Node::Factor => with.factor,
            Node::Negate(node) => node.value(with)?.negate(),
            Node::Invert(node) => node.value(with)?.invert()?,
            Node::Not(node) => Value::from(!node.value(with)?.is_true()),
            Node::Binary(operator, left, right) => {
                let left = left.value(with)?;
                left.apply(*operator, right.value(with)?)?
            }
            Node::And(left, right) => {
                let left = left.value(with)?;
                if left.is_true() { right.value(with)? } else { left }
            }
            Node::Or(left, right) => {
                let left = left.value(with)?;
                if left.is_true() { left } else { right.value(with)? }
            }
            Node::Compare(first, rest) => compare(first, rest, with)?,
            Node::If {
                condition,
                then,
                otherwise,
            } => {
                if condition.value(with)?.is_true() {
                    then.value(with)?
                } else {
                    otherwise.value(with)?
                }
            }
            Node::Call(function, arguments) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.value(with))
                    .collect::<Result<Vec<_>, _>>()?;
                value::call(*function, &arguments, with.luck)?
            }
        })
    }
}

fn compare(first: &Node, rest: &[(Comparison, Node)], with: &mut Circumstances<'_>) -> Result<Value, FormulaError> {
    let mut left = first.value(with)?;
    for (comparison, node) in rest {
        let right = node.value(with)?;
        if !left.compares(*comparison, right) {
            return Ok(Value::from(false));
        }
        left = right;
    }
    Ok(Value::from(true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn value(source: &str) -> f64 {
        Formula::parse(source)
            .unwrap()
            .value(600.0, 3, 1.0, &mut || 0.25)
            .unwrap()
    }

    fn refused(source: &str) -> FormulaError {
        match Formula::parse(source) {
            Err(error) => error,
            Ok(formula) => formula.value(600.0, 3, 1.0, &mut || 0.25).unwrap_err(),
        }
    }

    #[test]
    fn the_formulas_of_the_stock_configuration_give_their_series() {
        assert_eq!(
            value("ban.Time * (1<<(ban.Count if ban.Count<20 else 20)) * banFactor"),
            4800.0
        );
        let series = value("ban.Time * math.exp(float(ban.Count+1)*banFactor)/math.exp(1*banFactor)");
        assert!((series - 600.0 * 3f64.exp()).abs() < 1e-6);
    }

    #[test]
    fn operators_bind_as_in_python() {
        assert_eq!(value("-2 ** 2"), -4.0);
        assert_eq!(value("2 ** 3 ** 2"), 512.0);
        assert_eq!(value("2 ** -1"), 0.5);
        assert_eq!(value("-7 // 2"), -4.0);
        assert_eq!(value("-7 % 3"), 2.0);
        assert_eq!(value("1 + 2 << 3"), 24.0);
        assert_eq!(value("1 < 2 < 2"), 0.0);
        assert_eq!(value("not 0 and 5 or 7"), 5.0);
        assert_eq!(value("1 if 0 else 2 if 0 else 3"), 3.0);
    }

    #[test]
    fn chance_is_what_luck_gives() {
        assert_eq!(value("random.random()"), 0.25);
        assert_eq!(value("random.uniform(10, 20)"), 12.5);
        assert_eq!(value("random.randint(1, 4)"), 2.0);
    }

    #[test]
    fn what_would_reach_the_machine_is_refused_with_its_place() {
        for source in [
            "__import__('os').system('id')",
            "().__class__",
            "ban.__class__",
            "open('/etc/passwd')",
            "lambda: 0",
            "[1 for x in (1,)]",
            "ban.Time; 1",
            "eval('1')",
        ] {
            assert!(refused(source).at.is_some(), "{source}");
        }
    }

    #[test]
    fn costly_numbers_are_refused_or_clipped_at_once() {
        assert_eq!(refused("9**9**9**9").at, None);
        assert_eq!(refused("1 << 10**12").at, None);
        assert_eq!(refused("math.exp(10000)").at, None);
        assert_eq!(refused("9E9999").at, None);
        assert_eq!(refused("1e308 * 10 - 1e308 * 10").at, None);
        assert_eq!(refused("1/0").at, None);
        assert!(Formula::parse(&"(".repeat(5000)).is_err());
        assert!(Formula::parse(&"-".repeat(3000)).is_err());
        assert!((value("2**200") - 2f64.powi(200)).abs() < 1e50);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(source in "[0-9a-z.()+*/%<>=, -]{0,60}|\\PC{0,40}") {
            if let Ok(formula) = Formula::parse(&source) {
                let _ = formula.value(600.0, 3, 1.0, &mut || 0.5);
            }
        }
    }
}
