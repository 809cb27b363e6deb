import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { homeFolder } from './home-folder.ts'

/** Where Hugging Face's files come from and go to, as its own tools read it from the environment. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly hubUrl: string
  readonly token: string | undefined
  readonly cacheFolder: string
  /** No request is made. */
  readonly isOffline: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `HF_ENDPOINT`, `HF_TOKEN` (else the file at `HF_TOKEN_PATH`, else `token` in `HF_HOME`), `HF_HUB_CACHE`, `HF_HOME`,
 * `XDG_CACHE_HOME`, `HF_HUB_OFFLINE`. Source: huggingface_hub, "Environment variables".
 *
 * @throws ConfigError if HF_ENDPOINT is not a URL
 */
export async function readHubSettings(environment: Environment = process.env): Promise<HubSettings> {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined
  const home = expandHome(
    value('HF_HOME') ?? join(value('XDG_CACHE_HOME') ?? join(homeFolder(), '.cache'), 'huggingface'),
  )
  const endpoint = value('HF_ENDPOINT') ?? 'https://huggingface.co'
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw new ConfigError({
      where: 'HF_ENDPOINT',
      what: 'not the address of a hub',
      expected: 'an http(s) URL',
      got: endpoint,
    })
  }
  return {
    hubUrl: endpoint.replace(/\/+$/, ''),
    token: value('HF_TOKEN') ?? (await readToken(expandHome(value('HF_TOKEN_PATH') ?? join(home, 'token')))),
    cacheFolder: expandHome(value('HF_HUB_CACHE') ?? value('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    isOffline: /^(1|on|yes|true)$/i.test(value('HF_HUB_OFFLINE') ?? ''),
  }
}

/** Absent or unreadable: there is no token, as in Hugging Face's own tools. */
async function readToken(path: string): Promise<string | undefined> {
  return (await readFile(path, 'utf8').catch(() => '')).trim() || undefined
}

const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homeFolder(), path.slice(1)) : path
