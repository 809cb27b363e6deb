import { homedir } from 'node:os'

/** The user's home folder; a path that does not exist where the system knows none (a user id without an account, no HOME). */
export function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}
