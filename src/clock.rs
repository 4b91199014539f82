//! What goes in and comes out: the one place that reads the time.
