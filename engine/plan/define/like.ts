/** LIKE table INCLUDING ...: what a new table takes over from another one. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { CheckDefinition, ColumnDefinition, IndexDefinition } from '../../catalog/definitions.ts';
import { columnsNamedIn } from '../../catalog/expression-columns.ts';
import { expressionName } from '../../catalog/names.ts';
import type { CatalogColumn, CatalogIndex, CatalogTable } from '../../catalog/objects.ts';
import type { SourceTableLike } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName } from './environment.ts';

export interface TakenOver {
  readonly columns: readonly ColumnDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly checks: readonly CheckDefinition[];
}

/** Columns with their types and NOT NULL; the rest as INCLUDING says. 42P01, 42809 */
export function takenOver(source: SourceTableLike, environment: DefinitionEnvironment): TakenOver {
  const name = qualified(source.table, environment.semantics);
  const found = readerOf(environment).findRelation(name.schema, name.name);
  if (found === null) throw fault(SQLSTATE.undefined_table, `relation "${shownName(name)}" does not exist`, source.table.at);
  if (found.kind === 'sequence')
    throw fault(SQLSTATE.wrong_object_type, `relation "${found.name}" is invalid in LIKE clause`, source.table.at, {
      detail: 'This operation is not supported for sequences.',
    });
  const has = (part: string): boolean => source.including.includes(part);
  const visible = found.columns.filter(({ hidden }) => hidden === null);
  const columns = visible.map((column) => columnOf(column, has, environment));
  if (found.kind !== 'table') return { columns, indexes: [], checks: [] };
  const checks = found.checks.map(({ name: own, expression }) => {
    const read = columnsNamedIn(expression.source);
    return { name: own, expression, columns: visible.map((one) => one.name).filter((one) => read.has(one)) };
  });
  return {
    columns,
    indexes: has('indexes') ? found.indexes.map((index) => indexLike(index, found)) : [],
    checks: has('constraints') ? checks : [],
  };
}

function columnOf(
  column: CatalogColumn,
  has: (part: string) => boolean,
  { catalog, tx }: DefinitionEnvironment,
): ColumnDefinition {
  const { name, type, notNull, identity } = column;
  const sequence = identity === 'none' ? undefined : catalog.entry(tx, column.sequence)?.row;
  const takesIdentity = has('identity') && sequence?.kind === 'sequence';
  const numbers = takesIdentity ? sequence.body : null;
  const whole = (text: string): bigint => BigInt(text);
  return {
    ...{ name, type, notNull, default: has('defaults') ? column.default : null },
    ...(column.collation === undefined ? {} : { collation: column.collation }),
    generated: has('generated') ? (column.generated ?? null) : null,
    identity: takesIdentity ? identity : 'none',
    sequence:
      numbers === null
        ? null
        : {
            ...{ type: numbers.type, cache: numbers.cache, cycle: numbers.cycle, start: whole(numbers.start) },
            ...{ increment: whole(numbers.increment), minimum: whole(numbers.minimum), maximum: whole(numbers.maximum) },
          },
  };
}

/** An index like another one. */
export function indexLike(index: CatalogIndex, table: CatalogTable): IndexDefinition {
  const nameOf = (attribute: number): string => table.columns.find(({ number }) => number === attribute)?.name ?? '';
  const { unique, deferrable, nullsDistinct, primary, method, keys, constraint, include = [], predicate } = index;
  const last = unique && predicate !== undefined ? keys.length - 1 : -1;
  return {
    ...{ name: null, unique, nullsDistinct, primary, method, constraint: constraint !== null },
    ...(deferrable === undefined ? {} : { deferrable }),
    keys: keys.map(({ attribute, ...more }, at) => {
      const column = table.columns.find(({ number }) => number === attribute) as CatalogColumn;
      const { hidden, type } = column;
      const key = hidden === null ? { column: column.name } : { expression: hidden, type, name: expressionName(hidden.source) };
      return { key, ...more, ...(at === last ? { isCondition: true } : {}) };
    }),
    include: include.map(nameOf),
    ...(predicate === undefined ? {} : { predicate }),
  };
}
