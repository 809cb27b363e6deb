export { multiply } from '../cpu/matmul.lib.as'
export { activate, addTo, blockOutputs, normalizeToPanels, packWeights, panelPositions, toPanels } from '../cpu/panels.lib.as'
