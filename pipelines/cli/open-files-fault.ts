/** With so many open files every command runs: Node 20 opens many modules at once, and a run has files of its own. */
const enough = 256

/**
 * One line on a failure of Node that comes of a low limit of open files; undefined where `error` is another failure. Where a
 * module cannot be opened, Node says so in one of several ways, or says that a package is missing.
 */
export function openFilesFault(error: unknown): string | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const limit = openFilesLimit()
  const isMissingModule = code === 'ERR_MODULE_NOT_FOUND' && limit !== undefined && limit < enough
  if (!isMissingModule && !/EMFILE|too many open files/i.test(`${code} ${message}`)) return undefined
  return `open files: the system allows too few at once: expected at least ${enough}, got ${limit ?? 'fewer'}; raise the limit (ulimit -n 1024)`
}

/** The limit in force, where the system tells it. */
function openFilesLimit(): number | undefined {
  const { userLimits } = process.report.getReport() as unknown as { userLimits?: { open_files?: { soft?: unknown } } }
  const limit = userLimits?.open_files?.soft
  return typeof limit === 'number' ? limit : undefined
}
