/** The formats, by the name that `format` takes; the first extension is the one that default names get. Data only: encoders load what they need. */
export const outputFormats = {
  arrow: { extensions: ['.arrow', '.feather', '.ipc'], description: 'Arrow IPC file' },
  arrows: { extensions: ['.arrows'], description: 'Arrow IPC stream' },
  tsv: { extensions: ['.tsv', '.txt'], description: 'tab-separated text' },
  bedgraph: { extensions: ['.bedgraph', '.bedGraph', '.bg'], description: 'bedGraph text' },
} as const satisfies Record<string, { extensions: readonly string[]; description: string }>

export type OutputFormat = keyof typeof outputFormats
