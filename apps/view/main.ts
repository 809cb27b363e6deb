import { openPage } from './page.ts'
import { serverSource } from './server-source.ts'

void openPage(serverSource())
