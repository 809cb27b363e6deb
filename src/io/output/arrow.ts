/** Apache Arrow, for everybody here: Node 20 opens all of its 150 modules at once, and needs files for it, so one file names it. */
export * from 'apache-arrow'
