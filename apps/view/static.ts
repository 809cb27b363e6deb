import { memorySource } from './memory-source.ts'
import { openPage } from './page.ts'
import { unpackRegion } from './packed-region.ts'

const held = unpackRegion(document.querySelector('#held')!.textContent!)
void openPage(memorySource(held), held.span)
