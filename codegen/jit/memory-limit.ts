/** What a node of a statement may take at all: what cannot wait in files ends with an error beyond it (SBLR-V8). */

import type { KernelAccess } from '../../engine/plan/program.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';

/** Times work_mem, and at least so many bytes, where nothing else is said. */
const TIMES = 16;
const LEAST = 2 ** 30;

export const memoryLimit = ({ memoryLimit: given, workMemory }: KernelAccess): number =>
  given ?? Math.max(LEAST, workMemory * TIMES);

/** 53200 */
export function checkMemory(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new SqlError(SQLSTATE.out_of_memory, 'out of memory', {
    detail: `Rows or groups that cannot wait in files take ${Math.round(bytes / 2 ** 20)} MB; a part of a statement may take ${Math.round(limit / 2 ** 20)} MB.`,
    hint: 'The limit rises with work_mem.',
  });
}
