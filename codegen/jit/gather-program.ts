/** What other threads compile of a statement that is spread: made when it is first sent, and kept with the program. */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import type { Helpers, RowFormat } from '../../engine/plan/program.ts';
import { nodeV8 } from '../../shm/node-modules.ts';
import { sharedCopy } from './gather-fill.ts';
import type { GatherPlan, GatherProgram } from './gather-task.ts';
import type { UsedTables } from './used-tables.ts';

let programs = 0;

/** Null: it holds what cannot be sent. */
export function gatherProgram(plan: PhysicalStatement, format: RowFormat, used: UsedTables): () => GatherProgram | null {
  let made: GatherProgram | null | undefined;
  const helpers = used.environment.kernel.helpers ?? null;
  return () => {
    if (made === undefined) made = helpers === null ? null : programOf({ plan, format, tables: used.tables.map(bare) }, helpers);
    return made;
  };
}

/** What compiling asks of a table. */
const bare = (table: CatalogTable): CatalogTable => ({ ...table, statistics: null, checks: [] });

function programOf(plan: GatherPlan, { thread, generation }: Helpers): GatherProgram | null {
  try {
    const bytes = nodeV8().serialize(plan);
    const { buffer } = sharedCopy(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length);
    return { key: `${thread} ${generation} ${programs++}`, bytes: buffer as unknown as SharedArrayBuffer };
  } catch (error) {
    // DataCloneError: an object that is more than its data.
    if (error instanceof Error && error.name === 'DataCloneError') return null;
    throw error;
  }
}
