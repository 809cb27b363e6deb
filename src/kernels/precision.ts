/**
 * `f32`, or `f16`: what lies in memory between steps and in filter spectra is stored as f16, and dense layers go through the
 * matrix units of devices that have them. Arithmetic else, activations and results stay f32.
 */
export type Precision = 'f32' | 'f16'
