/** `memory` -> `--memory`, `filterLength` -> `--filter-length`. */
const flag = (option: string): string => `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/**
 * A message of the library in the words of the command line: options that stand in backticks become flags.
 * `` `filterLength` `` -> `--filter-length`, `` `device: cpu` `` -> `--device cpu`, `` `resume: true` `` -> `--resume`.
 */
export const inFlags = (message: string): string =>
  message.replaceAll(/`([a-z][A-Za-z]*)(?:: ([^`]*))?`/g, (_, option: string, value?: string) =>
    value === undefined || value === 'true' ? flag(option) : `${flag(option)} ${value}`,
  )
