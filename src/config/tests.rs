//! Every rule of the configuration, from literal texts.
