import type { ModelParts } from 'genoconv'

const modelName = /\.(safetensors|pt|pth|ckpt|bin|h5)$/i

/** What people drop or choose, told apart by name: sequence, or a model with its `config.json`. */
export function sortFiles(files: readonly File[]): { readonly fasta?: File; readonly model?: ModelParts } {
  const weights = files.find(({ name }) => modelName.test(name))
  const config = files.find(({ name }) => /\.json$/i.test(name))
  const fasta = files.find((file) => file !== weights && file !== config && !/\.(fai|gzi)$/i.test(file.name))
  if (!weights && config)
    throw new Error('config.json alone is no model: give the file with the weights along with it.')
  return { fasta, model: weights && { weights, config, name: weights.name } }
}

/** Files that are dropped anywhere on the page. */
export function onDrop(use: (files: readonly File[]) => void): void {
  const mark = (isOver: boolean): void => void document.body.classList.toggle('dropping', isOver)
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    mark(true)
  })
  document.addEventListener('dragleave', () => mark(false))
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    mark(false)
    const files = [...(event.dataTransfer?.files ?? [])]
    if (files.length > 0) use(files)
  })
}

/** Opens the dialog for files behind a button. */
export function onChoose(button: HTMLElement, input: HTMLInputElement, use: (files: readonly File[]) => void): void {
  button.addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])]
    input.value = '' // the same file can be chosen again
    if (files.length > 0) use(files)
  })
}

/** Hands a file to the user. */
export function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
