export { activate, addTo, blockOutputs, multiply, normalizeToPanels, packWeights, panelPositions, toPanels } from '../cpu/matmul.lib.as'
