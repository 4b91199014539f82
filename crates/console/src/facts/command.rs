//! What is sent.

use domain::key::{GateKey, GateRef};

pub(crate) fn gate_ref(key: &GateKey) -> GateRef {
    GateRef {
        job_id: key.job_id.clone(),
        stage: key.stage.clone(),
        attempt: Some(key.attempt),
    }
}
