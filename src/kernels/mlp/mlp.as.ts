export { multiply, multiplyAdd } from '../cpu/matmul.lib.as'
export { activate, addToRows, blockOutputs, normalizeToPanels, packWeights, panelPositions } from '../cpu/panels.lib.as'
