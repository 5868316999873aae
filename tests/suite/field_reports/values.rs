//! What a register says, and what it cannot say.
