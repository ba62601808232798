/** Fields of a COPY as its options have them: the line that names the columns, and what is NULL. */

import { SqlError } from '../../shm/errors.ts';
import type { CatalogColumn } from '../catalog/objects.ts';
import type { CopyLines } from './copy-lines.ts';
import type { CopyOptions } from './copy-options.ts';

/** A field of the row that was split last. */
export function fieldText({ moved, scratch, bytes, starts, lengths }: CopyLines, field: number): string {
  return (moved[field] ? scratch : bytes).toString('utf8', starts[field], starts[field] + lengths[field]);
}

const fault = (message: string): SqlError => new SqlError('22P04', message);

/** Why the line does not name these columns; null: it does. `nil`: how NULL is written. */
export function headerFault(lines: CopyLines, columns: readonly CatalogColumn[], nil: string): SqlError | null {
  if (lines.count !== columns.length)
    return fault(`wrong number of fields in header line: got ${lines.count}, expected ${columns.length}`);
  for (const [index, { name }] of columns.entries()) {
    const where = `column name mismatch in header line field ${index + 1}`;
    if (lines.lengths[index] < 0) return fault(`${where}: got null value ("${nil}"), expected "${name}"`);
    const found = fieldText(lines, index);
    if (found !== name) return fault(`${where}: got "${found}", expected "${name}"`);
  }
  return null;
}

/** FORCE_NOT_NULL and FORCE_NULL of a column. */
export function applyForce({ forceNotNull, forceNull }: CopyOptions, lines: CopyLines, name: string, index: number): void {
  const has = (list: readonly string[]): boolean => list.includes('*') || list.includes(name);
  if (lines.lengths[index] < 0 && has(forceNotNull)) lines.lengths[index] = lines.nil.length;
  else if (lines.quoted[index] && has(forceNull) && lines.isQuotedNil(index)) lines.lengths[index] = -1;
}
