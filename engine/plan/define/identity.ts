/** Identity columns of tables that are there: their sequences made, changed, taken away. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { changeColumn, tableRow } from '../../catalog/alter-table.ts';
import { addOwnedSequence } from '../../catalog/create.ts';
import type { ColumnDefinition, Notice } from '../../catalog/definitions.ts';
import type { CatalogColumn } from '../../catalog/objects.ts';
import type { SequenceRow } from '../../catalog/stored.ts';
import { withNullable } from '../../sblr/types.ts';
import type { SourceAlterAction } from '../../sblr/source.gen.ts';
import { changeNumbers } from './alter-sequence.ts';
import { type DefinitionEnvironment, fault } from './environment.ts';
import { sequenceNumbers, sequenceTypeOf } from './sequence.ts';

/** Gives a column a sequence of its own. */
export function addIdentity(
  id: number,
  attribute: number,
  numbers: NonNullable<ColumnDefinition['sequence']>,
  identity: CatalogColumn['identity'],
  { catalog, tx }: DefinitionEnvironment,
  _isNew = false,
): void {
  const row = tableRow(catalog, tx, id);
  const sequence = addOwnedSequence(catalog, tx, row, attribute, numbers);
  changeColumn(catalog, tx, tableRow(catalog, tx, id), attribute, (column) => ({ ...column, identity, sequence }));
}

export function changeIdentity(
  id: number,
  column: CatalogColumn,
  action: SourceAlterAction,
  environment: DefinitionEnvironment,
): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  const place = `column "${column.name}" of relation "${row.name}"`;
  if (action.kind === 'addIdentity') {
    if (!column.notNull)
      throw fault(
        SQLSTATE.object_not_in_prerequisite_state,
        `${place} must be declared NOT NULL before identity can be added`,
        action.at,
      );
    if (column.identity !== 'none')
      throw fault(SQLSTATE.object_not_in_prerequisite_state, `${place} is already an identity column`, action.at);
    if (column.default !== null || column.sequence !== 0)
      throw fault(SQLSTATE.object_not_in_prerequisite_state, `${place} already has a default value`, action.at);
    const type = sequenceTypeOf(column.type.name, action.at, 'identity column type must be smallint, integer, or bigint');
    const numbers = sequenceNumbers(action.constraint?.options ?? [], type, action.at);
    addIdentity(id, column.number, numbers, action.constraint?.kind === 'identityAlways' ? 'always' : 'byDefault', environment);
    return;
  }
  if (column.identity === 'none')
    throw fault(SQLSTATE.object_not_in_prerequisite_state, `${place} is not an identity column`, action.at);
  const generated = action.options.find(({ name }) => name === 'generated')?.value;
  const sequence = catalog.entry(tx, column.sequence)?.row as SequenceRow;
  const options = action.options.filter(({ name }) => name !== 'generated');
  changeNumbers(sequence, options, sequence.body.type, environment, action.at);
  const identity = generated?.op === 'constant' ? (generated.text as CatalogColumn['identity']) : column.identity;
  changeColumn(catalog, tx, tableRow(catalog, tx, id), column.number, (one) => ({ ...one, identity }));
}

export function dropIdentity(
  id: number,
  column: CatalogColumn,
  action: SourceAlterAction,
  { catalog, tx }: DefinitionEnvironment,
): Notice[] {
  const row = tableRow(catalog, tx, id);
  if (column.identity === 'none') {
    const message = `column "${column.name}" of relation "${row.name}" is not an identity column`;
    if (action.ifExists) return [{ severity: 'NOTICE', code: '00000', message: `${message}, skipping` }];
    throw fault(SQLSTATE.object_not_in_prerequisite_state, message, action.at);
  }
  const sequence = catalog.entry(tx, column.sequence)?.row;
  changeColumn(catalog, tx, row, column.number, (one) => ({
    ...{ ...one, identity: 'none', sequence: 0, type: withNullable(one.type, !one.notNull) },
  }));
  if (sequence?.kind === 'sequence') {
    catalog.remove(tx, sequence);
    catalog.port.dropSequence(tx, sequence.body.kernel);
  }
  return [];
}
