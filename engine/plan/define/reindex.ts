/** REINDEX: an index is never out of order here, so what is done is to see that what is named is there. 42P01, 42809, 42501 */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { LOCK_WRITERS } from '../../catalog/kernel-port.ts';
import { kernelIndex } from '../../catalog/create.ts';
import { replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { SourceReindexNode } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName } from './environment.ts';

/** Builds indexes anew: an index, those of a table, or those of all tables of a schema or of the database. */
export function reindex(source: SourceReindexNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, semantics } = environment;
  const { kind, name } = source;
  const reader = readerOf(environment);
  catalog.change(tx, () => {
    if (kind === 'database' || kind === 'system' || kind === 'schema') {
      const schema = kind === 'schema' && name !== null ? reader.schemaId(qualified(name, semantics).name) : null;
      if (kind === 'schema' && schema === null)
        throw fault(SQLSTATE.invalid_schema_name, `schema "${name?.parts.at(-1)}" does not exist`, source.at);
      for (const { row } of reader.all())
        if (row.kind === 'table' && (schema === null || row.schema === schema) && reader.owns(row.body.owner))
          rebuildIndexes(row.id, null, environment);
      return;
    }
    if (name === null) return;
    const wanted = qualified(name, semantics);
    const row = reader.findEntry(wanted.schema, wanted.name)?.row;
    if (row === undefined) throw fault(SQLSTATE.undefined_table, `relation "${shownName(wanted)}" does not exist`, name.at);
    if (row.kind !== kind)
      throw fault(SQLSTATE.wrong_object_type, `"${wanted.name}" is not ${kind === 'index' ? 'an' : 'a'} ${kind}`, name.at);
    catalog.ownRow(tx, environment.session, row.id);
    if (row.kind === 'index') rebuildIndexes(row.parent, row.id, environment);
    else rebuildIndexes(row.id, null, environment);
  });
  return [];
}

/** Each index gets new pages at the end of the table's list; the old ones are taken out. */
export function rebuildIndexes(table: number, only: number | null, { catalog, tx, session }: DefinitionEnvironment): void {
  const { body } = catalog.lockTable(tx, session, table, LOCK_WRITERS);
  const chosen = body.indexes.filter(({ id }) => only === null || id === only);
  for (const { id } of chosen) {
    const row = tableRow(catalog, tx, table);
    const index = row.body.indexes.find((one) => one.id === id);
    if (index === undefined) continue;
    const { kernelTable, columns, indexes } = row.body;
    catalog.port.createIndex(tx, kernelTable, kernelIndex(index, columns));
    catalog.port.dropIndex(tx, kernelTable, index.kernelIndex);
    const last = indexes.length - 1;
    const moved = indexes.map((one) => {
      if (one.id === id) return { ...one, kernelIndex: last };
      return one.kernelIndex > index.kernelIndex ? { ...one, kernelIndex: one.kernelIndex - 1 } : one;
    });
    replaceTable(catalog, tx, row, { indexes: moved });
  }
}
