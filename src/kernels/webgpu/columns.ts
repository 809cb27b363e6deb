import { view } from '../tensor.ts'
import type { GpuContext, GpuTensor } from './context.ts'

/** Queues columns[k][c, 0] = rows[k, c] for each of the columns. */
export function copyColumns(rows: GpuTensor, columns: readonly GpuTensor[], context: GpuContext): void {
  for (const [k, column] of columns.entries()) {
    for (let c = 0; c < column.channelCount; c++) {
      context.copy(
        view(rows, { channelStart: k, channelCount: 1, start: c, length: 1 }),
        view(column, { channelStart: c, channelCount: 1 }),
      )
    }
  }
}
