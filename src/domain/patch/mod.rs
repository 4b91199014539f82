//! Patches
