//! Nothing here: the tests are in `suite/`.
