//! Counters, integrals and the figures made of them.
