/** ALTER SEQUENCE, and what an identity column says of its own: a new kernel sequence with the numbers of the old one. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { kernelName } from '../../catalog/create.ts';
import type { SequenceRow } from '../../catalog/stored.ts';
import { foldParts, resolveType } from '../../sblr/resolve-type.ts';
import type { SourceAlterAction, SourceOption } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf, unsupported } from './environment.ts';
import { alteredNumbers, sequenceTypeOf } from './sequence.ts';

export function alterSequence(row: SequenceRow, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  if (action.kind === 'setLogged' || action.kind === 'setUnlogged') return;
  if (action.kind !== 'sequenceOptions') throw unsupported('this ALTER SEQUENCE is', action.at);
  const { semantics } = environment;
  const type = action.type === null ? row.body.type : sequenceTypeOf(resolveType(action.type, semantics).name, action.type.at);
  const owned = action.options.find(({ name }) => name === 'ownedBy');
  changeNumbers(
    row,
    action.options.filter((option) => option !== owned),
    type,
    environment,
    action.at,
  );
  if (owned === undefined) return;
  const { catalog, tx } = environment;
  const now = catalog.entry(tx, row.id)?.row as SequenceRow;
  ownedBy(now, owned, environment);
}

/** Other numbers: those that are not named stay; RESTART gives the next value. 22023 */
export function changeNumbers(
  row: SequenceRow,
  options: readonly SourceOption[],
  type: SequenceRow['body']['type'],
  { catalog, tx }: DefinitionEnvironment,
  at: number,
): void {
  if (options.length === 0 && type === row.body.type) return;
  const { body } = row;
  const state = catalog.port.sequenceState(body.page);
  const { numbers, next } = alteredNumbers(body, options, type, state, at);
  const version = catalog.nextId();
  const isTemporary = body.persistence === 'temporary';
  const made = catalog.port.createSequence(tx, kernelName(row.id, row.name, version), numbers, isTemporary);
  catalog.port.setValue(made.page, next.value, next.called);
  const { start, increment, minimum, maximum, cache, cycle } = numbers;
  const text = (value: bigint): string => String(value);
  catalog.replace(tx, {
    ...row,
    version,
    body: {
      ...{ ...body, page: made.page, kernel: made.kernel, type, cache, cycle },
      ...{ start: text(start), increment: text(increment), minimum: text(minimum), maximum: text(maximum) },
    },
  });
  catalog.port.dropSequence(tx, body.kernel);
}

/** OWNED BY table.column, OWNED BY NONE. 42P01, 42703, 55000 */
export function ownedBy(row: SequenceRow, option: SourceOption, environment: DefinitionEnvironment): void {
  const { catalog, tx, semantics } = environment;
  const refuse = (code: string, message: string, hint?: string): never => {
    throw fault(code, message, option.at, { hint });
  };
  const before = row.parent === 0 ? undefined : catalog.entry(tx, row.parent)?.row;
  if (before?.kind === 'table' && before.body.columns.some((one) => one.sequence === row.id && one.identity !== 'none'))
    refuse(SQLSTATE.feature_not_supported, 'cannot change ownership of identity sequence');
  if (option.value === null) {
    catalog.replace(tx, { ...row, parent: 0, version: catalog.nextId(), body: { ...row.body, ownerAttribute: 0 } });
    return;
  }
  const parts = option.value.op === 'column' ? foldParts(option.value.name, semantics) : [];
  if (parts.length < 2)
    refuse(SQLSTATE.syntax_error, 'invalid OWNED BY option', 'Specify OWNED BY table.column or OWNED BY NONE.');
  const [column, table, schema] = [...parts].reverse();
  const found = readerOf(environment).findRelation(schema ?? null, table);
  const owner = found === null ? undefined : catalog.entry(tx, found.id)?.row;
  if (owner?.kind !== 'table') return refuse(SQLSTATE.undefined_table, `relation "${table}" does not exist`);
  const own = owner.body.columns.find(({ name, hidden }) => hidden === null && name === column);
  if (own === undefined) return refuse(SQLSTATE.undefined_column, `column "${column}" of relation "${table}" does not exist`);
  if (owner.schema !== row.schema)
    refuse(SQLSTATE.object_not_in_prerequisite_state, 'sequence must be in same schema as table it is linked to');
  if (owner.body.owner !== row.body.owner)
    refuse(SQLSTATE.object_not_in_prerequisite_state, 'sequence must have same owner as table it is linked to');
  const body = { ...row.body, ownerAttribute: own.number };
  catalog.replace(tx, { ...row, parent: owner.id, version: catalog.nextId(), body });
}
