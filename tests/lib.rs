//! Nothing here: the tests are in `suite/`, their peers in `peers/`.
