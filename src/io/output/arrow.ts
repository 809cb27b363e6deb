/**
 * Apache Arrow, for everybody here. The build puts its 150 modules into this one file (scripts/bundle-arrow.mjs): loading them
 * one by one is a third of the time that the program takes to start, and Node 20 opens all of them at once.
 */
export * from 'apache-arrow'
