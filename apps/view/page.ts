import type { Theme } from './colours.ts'
import { SitesTable } from './sites-table.ts'
import type { Span, ViewSource } from './source.ts'
import { count, showSpan } from './svg.ts'
import { askedRegion, keepRegion } from './region-address.ts'
import { Viewer } from './viewer.ts'

const query = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!

/** Brings the page to life. `html[data-state]` says how far it is: `loading`, `ready`, `failed`. */
export async function openPage(source: ViewSource, start?: Span): Promise<void> {
  const said = query<HTMLElement>('#said')
  const fail = (error: unknown): void => {
    said.textContent = (error as Error).message
    said.dataset['kind'] = 'error'
  }
  const setState = (state: string): void => {
    document.documentElement.dataset['state'] = state
  }
  setState('loading')
  try {
    const search = query<HTMLInputElement>('#search')
    const contigs = query<HTMLSelectElement>('#contig')
    const onShown = (span: Span): void => {
      search.value = showSpan(span)
      contigs.value = span.contig
      said.textContent = `${count(span.end - span.start)} bases`
      delete said.dataset['kind']
      keepRegion(span)
    }
    const asked = askedRegion()
    const viewer = await Viewer.open(query('#view'), source, { start, onShown })
    const go = (span: Span): Promise<void> => viewer.go(span).catch(fail)
    const find = (text: string): Promise<void> => source.find(text, viewer.span.contig).then(go, fail)
    const { title, held } = viewer.info
    const name = held ? `${title} · ${showSpan(held)}` : title
    document.title = `${name} · genoconv`
    query('h1').textContent = name
    for (const { name } of viewer.info.contigs) contigs.append(new Option(name, name))
    contigs.value = viewer.span.contig
    contigs.addEventListener('change', () => void go(viewer.whole(contigs.value)))
    query('#go').addEventListener('submit', (event) => {
      event.preventDefault()
      void find(search.value)
    })
    addEventListener('hashchange', () => void find(askedRegion() ?? ''))
    const buttons: Readonly<Record<string, () => unknown>> = {
      left: () => viewer.pan(-0.5),
      right: () => viewer.pan(0.5),
      in: () => viewer.zoom(0.5),
      out: () => viewer.zoom(2),
      all: () => viewer.go(viewer.whole(viewer.span.contig)),
      theme: () => setTheme(viewer, viewer.theme === 'dark' ? 'light' : 'dark'),
      svg: () => save('genoconv.svg', viewer.svg()),
    }
    for (const [id, act] of Object.entries(buttons))
      query(`#${id}`).addEventListener('click', () => void Promise.resolve(act()).catch(fail))
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return
      event.preventDefault()
      search.select()
    })
    setTheme(viewer, viewer.theme)
    await openSites(source, viewer, go, said)
    if (asked !== undefined) await find(asked)
    setState('ready')
  } catch (error) {
    fail(error)
    setState('failed')
  }
}

function setTheme(viewer: Viewer, theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  viewer.theme = theme
}

/** The table, which grows, as the picture does, until all rows of a large file were read. */
async function openSites(
  source: ViewSource,
  viewer: Viewer,
  go: (span: Span) => void,
  said: HTMLElement,
): Promise<void> {
  const table = new SitesTable(query('#sites'), go)
  const progressLine = query<HTMLElement>('#progress')
  const load = async (): Promise<void> => {
    const { sites, progress } = await source.sites()
    table.sites = sites
    if (viewer.isPartial) await viewer.refresh()
    progressLine.textContent = progress < 1 ? `looked through ${Math.floor(progress * 100)} % of the rows so far` : ''
    if (progress < 1 || viewer.isPartial) setTimeout(() => void load().catch(() => {}), 1000)
  }
  await load()
  const least = query<HTMLInputElement>('#least')
  least.addEventListener('input', () => {
    table.least = Number(least.value) || 0
  })
  query('#bed').addEventListener('click', () => {
    const { bed } = table
    navigator.clipboard.writeText(bed).then(
      () => {
        said.textContent = `${count(bed.split('\n').length - 1)} lines of BED copied`
      },
      () => save('sites.bed', bed),
    )
  })
}

function save(name: string, content: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content]))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
