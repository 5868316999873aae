//! Reading of the text of an equation; the grammar is in [`super::equation`].

use super::equation_node::{EquationError, EquationFunction, EquationNode, EquationOperator};
use super::parse_finite;

/// Nesting that an equation may have.
const DEPTH_MAX: usize = 24;

pub(super) fn is_symbol(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphabetic) && text.chars().all(is_symbol_char)
}

fn is_symbol_char(letter: char) -> bool {
    (letter.is_alphanumeric() || letter == '_' || letter == '′') && letter != 'Σ'
}

/// Text of an equation being read.
struct EquationReader<'a> {
    rest: &'a str,
}

/// Reads an expression.
pub(super) fn read_expression(text: &str) -> Result<EquationNode, EquationError> {
    let mut reader = EquationReader { rest: text };
    let body = reader.comparison(0)?;
    reader.skip_spaces();
    if reader.rest.is_empty() {
        return Ok(body);
    }
    Err(reader.unreadable())
}

impl EquationReader<'_> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unreadable(&self) -> EquationError {
        EquationError::Unreadable(self.rest.chars().take(40).collect())
    }

    /// Takes a sign, after spaces.
    fn take(&mut self, sign: char) -> bool {
        self.skip_spaces();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn comparison(&mut self, depth: usize) -> Result<EquationNode, EquationError> {
        if depth > DEPTH_MAX {
            return Err(self.unreadable());
        }
        let left = self.sum(depth)?;
        if self.take('≥') {
            let right = self.sum(depth)?;
            return Ok(operation(EquationOperator::AtLeast, left, right));
        }
        Ok(left)
    }

    fn sum(&mut self, depth: usize) -> Result<EquationNode, EquationError> {
        let mut left = self.product(depth)?;
        loop {
            let operator = if self.take('+') {
                EquationOperator::Plus
            } else if self.take('−') {
                EquationOperator::Minus
            } else {
                return Ok(left);
            };
            left = operation(operator, left, self.product(depth)?);
        }
    }

    fn product(&mut self, depth: usize) -> Result<EquationNode, EquationError> {
        let mut left = self.signed(depth)?;
        loop {
            let operator = if self.take('·') {
                EquationOperator::Times
            } else if self.take('/') {
                EquationOperator::Over
            } else {
                return Ok(left);
            };
            left = operation(operator, left, self.signed(depth)?);
        }
    }

    fn signed(&mut self, depth: usize) -> Result<EquationNode, EquationError> {
        if depth > DEPTH_MAX {
            return Err(self.unreadable());
        }
        if self.take('−') {
            return Ok(EquationNode::Negative(Box::new(self.signed(depth + 1)?)));
        }
        let base = self.atom(depth)?;
        if self.take('^') {
            let exponent = self.signed(depth + 1)?;
            return Ok(operation(EquationOperator::Power, base, exponent));
        }
        Ok(base)
    }

    fn atom(&mut self, depth: usize) -> Result<EquationNode, EquationError> {
        if self.take('(') {
            let part = self.comparison(depth + 1)?;
            return self.closed(EquationNode::Group(Box::new(part)));
        }
        if self.take('Σ') {
            return Ok(EquationNode::Sum(Box::new(self.product(depth + 1)?)));
        }
        if self.take('π') {
            return Ok(EquationNode::Number("π".to_owned()));
        }
        let is_number = self
            .rest
            .starts_with(|letter: char| letter.is_ascii_digit());
        if is_number {
            let taken = self.take_while(|letter| letter.is_ascii_digit() || letter == '.');
            let is_readable = parse_finite(&taken).is_some();
            let number = is_readable.then_some(EquationNode::Number(taken));
            return number.ok_or_else(|| self.unreadable());
        }
        let taken = self.take_while(is_symbol_char);
        if !is_symbol(&taken) {
            return Err(self.unreadable());
        }
        let mut functions = EquationFunction::ALL.into_iter();
        match functions.find(|one| one.name() == taken) {
            Some(function) => self.arguments(function, depth),
            None => Ok(EquationNode::Symbol(taken)),
        }
    }

    fn arguments(
        &mut self,
        function: EquationFunction,
        depth: usize,
    ) -> Result<EquationNode, EquationError> {
        if !self.take('(') {
            return Err(self.unreadable());
        }
        let mut of = vec![self.comparison(depth + 1)?];
        while self.take(',') {
            of.push(self.comparison(depth + 1)?);
        }
        self.closed(EquationNode::Function(function, of))
    }

    /// The part, if its parenthesis is closed.
    fn closed(&mut self, part: EquationNode) -> Result<EquationNode, EquationError> {
        if self.take(')') {
            return Ok(part);
        }
        Err(self.unreadable())
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|letter| !fits(letter));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken.to_owned()
    }
}

fn operation(operator: EquationOperator, a: EquationNode, b: EquationNode) -> EquationNode {
    EquationNode::Operation(operator, Box::new(a), Box::new(b))
}
