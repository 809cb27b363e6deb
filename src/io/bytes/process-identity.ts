import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** A process, as a file can name it for later. Fields that a system does not tell are empty. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Machine and process namespace: a container numbers its processes anew. */
  readonly space: string
  /** Of this start of the machine. */
  readonly boot: string
  /** When the process began, in the system's own unit: a number of a process may be given again. */
  readonly start: string
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const status = await statusOf(process.pid)
  return { pid: process.pid, ...(await surroundings()), start: status?.start ?? '' }
}

/** Whether `then` runs here, so that it can be known whether it is alive. */
export async function isOfThisMachine(then: ProcessIdentity): Promise<boolean> {
  const now = await surroundings()
  return then.host === now.host && then.space === now.space
}

/** False only where it is certain that the process has ended; one of another machine may be alive. */
export async function mayBeAlive(then: ProcessIdentity): Promise<boolean> {
  if (!(await isOfThisMachine(then))) return true
  if (then.boot !== (await surroundings()).boot) return false
  if (!isRunning(then.pid)) return false
  const status = await statusOf(then.pid)
  // Without a status (no such system, or another user's process) the number alone has to do.
  return status === undefined || (status.state !== 'Z' && status.state !== 'X' && status.start === then.start)
}

/** Whether a process has this number here; of what is no number, nobody can say that it has ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as { code?: string }).code !== 'ESRCH'
  }
  return true
}

async function surroundings(): Promise<Pick<ProcessIdentity, 'host' | 'space' | 'boot'>> {
  const [machine, namespace, boot] = await Promise.all([
    text('/etc/machine-id'),
    readlink('/proc/self/ns/pid').catch(() => ''),
    text('/proc/sys/kernel/random/boot_id'),
  ])
  return { host: hostname(), space: `${machine} ${namespace}`.trim(), boot }
}

/** From Linux's `/proc/<pid>/stat`: fields 3 and 22. The second field, a name, may hold anything, so it is passed over. */
async function statusOf(pid: number): Promise<{ state: string; start: string } | undefined> {
  const status = await text(`/proc/${pid}/stat`)
  if (status === '') return undefined
  const fields = status
    .slice(status.lastIndexOf(')') + 1)
    .trim()
    .split(' ')
  return { state: fields[0], start: fields[19] ?? '' }
}

const text = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (all) => all.trim(),
    () => '',
  )
