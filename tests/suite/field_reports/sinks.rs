//! Databases and brokers that answer strangely.
