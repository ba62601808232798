/**
 * Statements that are expected to meet few rows: of a page or some, sorted a thousand at most. For them the code that makes rows go
 * fast costs more than it brings, for it has to be written and compiled first (SBLR-G5):
 *
 *   scans   have one loop for rows anywhere in a page, which chooses and copies them; what becomes of them is done behind the page
 *   sorts   keep rows as they will be given, and compare their keys (sort.ts)
 *
 * What they have met is counted over their runs. When that is more than expected, the next run begins with all the code.
 */

import type { CompileEnvironment } from '../../engine/plan/program.ts';
import type { PhysicalNode } from '../../engine/plan/physical.ts';
import { heapPageCount } from '../../engine/storage/space/heap-map.ts';
import { TESTING } from '../../shm/yield-point.ts';
import { eachNode } from './needed.ts';
import { TableMoved } from './used-tables.ts';

const PAGES_MAX = 4;
const SORTED_MAX = 1000;
/** Rows over all runs that take as long as writing and compiling the other code. */
const OUTGROWN = 4096;

export class Few {
  /** Rows that were copied or sorted so far. */
  rows = 0;

  get isOutgrown(): boolean {
    return this.rows > OUTGROWN;
  }

  /** It cannot be left now: counts anew. */
  stay(): void {
    this.rows = 0;
  }
}

/** Of this thread: tests see both kinds of code, for those of a test build are compiled one way and the other in turn. */
let compiled = 0;

/** Whether a statement is compiled for few rows; null: it is not, or there would be no difference. */
export function fewOf(roots: readonly PhysicalNode[], { runtime, table, kernel }: CompileEnvironment): Few | null {
  let isFew = true;
  let differs = false;
  for (const root of roots) {
    eachNode(root, (node) => {
      if (node.node === 'PageScan') {
        differs = true;
        isFew &&= heapPageCount(kernel.parts.space, runtime(table(node.table)).mapRoot) <= PAGES_MAX;
      } else if (node.node === 'Sort' || node.node === 'TopN') {
        differs = true;
        isFew &&= node.input.estimate.rows <= SORTED_MAX;
      }
    });
  }
  if (!isFew || !differs) return null;
  return TESTING && compiled++ % 2 === 1 ? null : new Few();
}

/** What `make` gives; null while a definition is under way, and nothing can be compiled. */
export function unlessMoved<Made>(make: () => Made): Made | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof TableMoved) return null;
    throw error;
  }
}
