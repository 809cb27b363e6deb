/** An index that does not belong to its file, or is no index; the reader then builds one in memory. Never leaves src/io. */
export class StaleIndex extends Error {}
