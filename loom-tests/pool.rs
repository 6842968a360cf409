use crate::harness::Model;
pub const MODELS: &[Model] = &[];
