//! Numbers as Python has them: whole ones stay whole, and what Python refuses is refused. Whole numbers beyond 127
//! bits become floating point instead of growing without bound.
use super::{Comparison, FormulaError, Function, Operator};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Int(i128),
    Float(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Math1 {
    Exp,
    Expm1,
    Log2,
    Log10,
    Log1p,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    Fabs,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Degrees,
    Radians,
}

pub(super) const MATH1: [(&str, Math1); 21] = [
    ("exp", Math1::Exp),
    ("expm1", Math1::Expm1),
    ("log2", Math1::Log2),
    ("log10", Math1::Log10),
    ("log1p", Math1::Log1p),
    ("sqrt", Math1::Sqrt),
    ("floor", Math1::Floor),
    ("ceil", Math1::Ceil),
    ("trunc", Math1::Trunc),
    ("fabs", Math1::Fabs),
    ("sin", Math1::Sin),
    ("cos", Math1::Cos),
    ("tan", Math1::Tan),
    ("asin", Math1::Asin),
    ("acos", Math1::Acos),
    ("atan", Math1::Atan),
    ("sinh", Math1::Sinh),
    ("cosh", Math1::Cosh),
    ("tanh", Math1::Tanh),
    ("degrees", Math1::Degrees),
    ("radians", Math1::Radians),
];

fn refuse<T>(message: &str) -> Result<T, FormulaError> {
    Err(FormulaError::here(message))
}

/// A result of finite operands that left the range is an error, as in Python's `math`.
fn in_range(result: f64, operands: &[f64]) -> Result<Value, FormulaError> {
    if operands.iter().all(|operand| operand.is_finite()) {
        if result.is_infinite() {
            return refuse("the result is too large");
        }
        if result.is_nan() {
            return refuse("the function is not defined there");
        }
    }
    Ok(Value::Float(result))
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Int(truth.into())
    }
}

impl Value {
    /// Whole numbers become whole, so that `<<` and `//` treat them as Python would.
    pub(super) fn from_f64(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < 1e30 {
            Value::Int(number as i128)
        } else {
            Value::Float(number)
        }
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            Value::Int(int) => int as f64,
            Value::Float(float) => float,
        }
    }

    pub(super) fn is_true(self) -> bool {
        self.as_f64() != 0.0
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Value::Int(int) => int.checked_neg().map_or(Value::Float(-(int as f64)), Value::Int),
            Value::Float(float) => Value::Float(-float),
        }
    }

    pub(super) fn invert(self) -> Result<Self, FormulaError> {
        match self {
            Value::Int(int) => Ok(Value::Int(!int)),
            Value::Float(_) => refuse("`~` needs a whole number: write int(…)"),
        }
    }

    pub(super) fn compares(self, comparison: Comparison, other: Value) -> bool {
        let order = match (self, other) {
            (Value::Int(left), Value::Int(right)) => Some(left.cmp(&right)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        };
        match comparison {
            Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
            Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
            Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
            Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
            Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
            Comparison::NotEqual => !order.is_some_and(std::cmp::Ordering::is_eq),
        }
    }

    pub(super) fn apply(self, operator: Operator, other: Value) -> Result<Value, FormulaError> {
        match (self, other) {
            (Value::Int(left), Value::Int(right)) => whole(operator, left, right),
            _ => floating(operator, self.as_f64(), other.as_f64()),
        }
    }
}

fn whole(operator: Operator, left: i128, right: i128) -> Result<Value, FormulaError> {
    let exact = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => return floating(operator, left as f64, right as f64),
        Operator::FloorDivide | Operator::Remainder if right == 0 => {
            return refuse("division by zero");
        }
        Operator::FloorDivide => left
            .checked_div_euclid(right)
            .map(|quotient| floor_of(quotient, left, right)),
        Operator::Remainder => left.checked_rem(right).map(|rest| {
            if rest != 0 && (rest < 0) != (right < 0) {
                rest + right
            } else {
                rest
            }
        }),
        Operator::Power => match u32::try_from(right) {
            Ok(exponent) => left.checked_pow(exponent),
            Err(_) => None,
        },
        Operator::ShiftLeft => return shift_left(left, right),
        Operator::ShiftRight if right < 0 => return refuse("negative shift"),
        Operator::ShiftRight => Some(left >> right.min(127)),
        Operator::BitAnd => Some(left & right),
        Operator::BitOr => Some(left | right),
        Operator::BitXor => Some(left ^ right),
    };
    match exact {
        Some(int) => Ok(Value::Int(int)),
        None => floating(operator, left as f64, right as f64),
    }
}

/// The Euclidean quotient differs from the floor only for a negative divisor that leaves a rest.
fn floor_of(quotient: i128, left: i128, right: i128) -> i128 {
    if right < 0 && left.checked_rem(right).is_some_and(|rest| rest != 0) {
        quotient - 1
    } else {
        quotient
    }
}

fn shift_left(left: i128, right: i128) -> Result<Value, FormulaError> {
    if right < 0 {
        return refuse("negative shift");
    }
    let Some(bits) = i32::try_from(right).ok().filter(|bits| *bits <= 1023) else {
        return refuse("the result is too large");
    };
    let shifted = u32::try_from(bits)
        .ok()
        .and_then(|bits| 1i128.checked_shl(bits))
        .filter(|power| *power > 0)
        .and_then(|power| left.checked_mul(power));
    match shifted {
        Some(int) => Ok(Value::Int(int)),
        None => in_range(left as f64 * 2f64.powi(bits), &[left as f64]),
    }
}

fn floating(operator: Operator, left: f64, right: f64) -> Result<Value, FormulaError> {
    match operator {
        Operator::Add => Ok(Value::Float(left + right)),
        Operator::Subtract => Ok(Value::Float(left - right)),
        Operator::Multiply => Ok(Value::Float(left * right)),
        Operator::Divide | Operator::FloorDivide | Operator::Remainder if right == 0.0 => refuse("division by zero"),
        Operator::Divide => Ok(Value::Float(left / right)),
        Operator::FloorDivide => Ok(Value::Float(divide_and_rest(left, right).0)),
        Operator::Remainder => Ok(Value::Float(divide_and_rest(left, right).1)),
        Operator::Power => power(left, right),
        Operator::ShiftLeft | Operator::ShiftRight => refuse("a shift needs whole numbers: write int(…)"),
        Operator::BitAnd | Operator::BitOr | Operator::BitXor => {
            refuse("`&`, `|` and `^` need whole numbers: write int(…); the power is `**`")
        }
    }
}

/// Floored quotient and the rest with the divisor's sign.
fn divide_and_rest(left: f64, right: f64) -> (f64, f64) {
    let mut rest = left % right;
    let mut quotient = (left - rest) / right;
    if rest == 0.0 {
        rest = 0f64.copysign(right);
    } else if (right < 0.0) != (rest < 0.0) {
        rest += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(left / right), rest);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 {
        (floor + 1.0, rest)
    } else {
        (floor, rest)
    }
}

fn power(base: f64, exponent: f64) -> Result<Value, FormulaError> {
    if base == 0.0 && exponent < 0.0 {
        return refuse("zero to a negative power");
    }
    in_range(base.powf(exponent), &[base, exponent])
}

pub(super) fn call(
    function: Function,
    arguments: &[Value],
    luck: &mut dyn FnMut() -> f64,
) -> Result<Value, FormulaError> {
    let first = arguments.first().copied().unwrap_or(Value::Int(0));
    let second = arguments.get(1).copied();
    let (x, y) = (first.as_f64(), second.unwrap_or(Value::Int(0)).as_f64());
    match function {
        Function::Float => Ok(Value::Float(x)),
        Function::Int => truncated(first, f64::trunc),
        Function::Min => Ok(extreme(arguments, Comparison::Less)),
        Function::Max => Ok(extreme(arguments, Comparison::Greater)),
        Function::Abs => Ok(if x < 0.0 { first.negate() } else { first }),
        Function::Round => round(first, second),
        Function::Pow => first.apply(Operator::Power, second.unwrap_or(Value::Int(1))),
        Function::Random => Ok(Value::Float(luck())),
        Function::Uniform => Ok(Value::Float(x + (y - x) * luck())),
        Function::RandInt => match (first, second) {
            (Value::Int(low), Some(Value::Int(high))) if low <= high => {
                let width = (high as f64) - (low as f64) + 1.0;
                Ok(Value::from_f64(low as f64 + (luck() * width).floor()))
            }
            _ => refuse("random.randint needs two whole numbers, the smaller first"),
        },
        Function::Math1(function) => math1(function, first),
        Function::MathLog => {
            if x <= 0.0 || second.is_some_and(|base| base.as_f64() <= 0.0) {
                return refuse("the logarithm is defined above zero only");
            }
            match second {
                None => Ok(Value::Float(x.ln())),
                Some(_) if y == 1.0 => refuse("division by zero"),
                Some(_) => Ok(Value::Float(x.ln() / y.ln())),
            }
        }
        Function::MathPow => power(x, y),
        Function::MathAtan2 => Ok(Value::Float(x.atan2(y))),
        Function::MathHypot => in_range(x.hypot(y), &[x, y]),
        Function::MathFmod => in_range(x % y, &[x, y]),
    }
}

fn extreme(arguments: &[Value], better: Comparison) -> Value {
    arguments
        .iter()
        .copied()
        .reduce(|best, next| if next.compares(better, best) { next } else { best })
        .unwrap_or(Value::Int(0))
}

fn truncated(value: Value, how: fn(f64) -> f64) -> Result<Value, FormulaError> {
    match value {
        Value::Int(_) => Ok(value),
        Value::Float(float) if float.is_finite() => Ok(Value::from_f64(how(float))),
        Value::Float(_) => refuse("no whole number comes near it"),
    }
}

fn round(value: Value, digits: Option<Value>) -> Result<Value, FormulaError> {
    match (value, digits) {
        (_, None) => truncated(value, f64::round_ties_even),
        (Value::Float(float), Some(Value::Int(digits @ 0..=20))) => {
            // Printing rounds the exact decimal value half to even, which is Python's rule.
            let digits = usize::try_from(digits).unwrap_or(0);
            Ok(Value::Float(format!("{float:.digits$}").parse().unwrap_or(float)))
        }
        (Value::Int(_), Some(Value::Int(digits))) if digits >= 0 => Ok(value),
        _ => refuse("round takes a number of digits from 0 to 20"),
    }
}

fn math1(function: Math1, value: Value) -> Result<Value, FormulaError> {
    let x = value.as_f64();
    let result = match function {
        Math1::Floor => return truncated(value, f64::floor),
        Math1::Ceil => return truncated(value, f64::ceil),
        Math1::Trunc => return truncated(value, f64::trunc),
        Math1::Exp => x.exp(),
        Math1::Expm1 => x.exp_m1(),
        Math1::Log2 => x.log2(),
        Math1::Log10 => x.log10(),
        Math1::Log1p => x.ln_1p(),
        Math1::Sqrt => x.sqrt(),
        Math1::Fabs => x.abs(),
        Math1::Sin => x.sin(),
        Math1::Cos => x.cos(),
        Math1::Tan => x.tan(),
        Math1::Asin => x.asin(),
        Math1::Acos => x.acos(),
        Math1::Atan => x.atan(),
        Math1::Sinh => x.sinh(),
        Math1::Cosh => x.cosh(),
        Math1::Tanh => x.tanh(),
        Math1::Degrees => x.to_degrees(),
        Math1::Radians => x.to_radians(),
    };
    in_range(result, &[x])
}
