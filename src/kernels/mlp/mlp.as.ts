export { activate, addToRows, blockOutputs, multiply, multiplyAdd, normalizeToPanels, packWeights, panelPositions } from '../cpu/matmul.lib.as'
