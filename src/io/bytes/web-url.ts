/** Whether `input` names something on a web server. */
export const isWebUrl = (input: string): boolean => /^https?:\/\//i.test(input)

/** A URL as messages show it: without user and password, and without what its query says (a token, a signature). */
export const shownUrl = (url: string): string => url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1').replace(/\?[^#]+/, '?***')

/** A text whose web URLs are shown as `shownUrl` shows them: for messages that come from elsewhere. */
export const withoutSecrets = (text: string): string =>
  text.replace(/\bhttps?:\/\/[^\s"'<>`]*/gi, (word) => {
    const url = word.replace(/[.,:;)\]}]+$/, '')
    return shownUrl(url) + word.slice(url.length)
  })

/** Fetches a URL whose user and password, which `fetch` itself refuses, become a header. */
export function fetchWeb(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const bare = new URL(url)
  const { username, password } = bare
  if (username === '' && password === '') return fetch(bare, init)
  bare.username = ''
  bare.password = ''
  const headers = new Headers(init.headers)
  const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  headers.set('authorization', `Basic ${btoa(String.fromCharCode(...bytes))}`)
  return fetch(bare, { ...init, headers })
}
