/** Errors of rows that may not go in as they are: 23502, 23505, 23514, 44000, 42501, with the row as PostgreSQL shows it. */

import type { CatalogIndex, CatalogTable } from '../../engine/catalog/objects.ts';
import { checkedPartition, type CheckedPolicy, checkedPolicy, checkedView } from '../../engine/sblr/bound.ts';
import type { RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { outputText } from '../../engine/values/functions-casts.ts';
import { quoteIdent } from '../../engine/values/text.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { rowHelpers } from '../rows/row-helpers.ts';

/** The row, column by column of its layout; undefined: it is not known. */
export type FailingRow = readonly (RowValue | undefined)[];

/** Bytes of a value that are shown. */
const SHOWN_MAX = 64;

/** What the encoder was given (row-value.ts): numbers stand in an array of their own. */
export const givenRow = (layout: RowLayout, numbers: Float64Array, values: FailingRow): FailingRow =>
  layout.columns.map(({ index, kind, scale }) => {
    const value = values[index];
    if (value !== undefined) return value;
    if (kind === 'bool') return numbers[index] !== 0;
    return kind === 'numeric' ? rowHelpers.scaledText(numbers[index], scale) : numbers[index];
  });

export function nullError(table: CatalogTable, column: string, detail: string | undefined): SqlError {
  return new SqlError(
    SQLSTATE.not_null_violation,
    `null value in column "${column}" of relation "${table.name}" violates not-null constraint`,
    { schema: table.schema, table: table.name, column, detail },
  );
}

/** `name`: of a check, a policy, a partition or a view (bound.ts). */
export function checkError(table: CatalogTable, name: string, detail: () => string | undefined): SqlError {
  const policy = checkedPolicy(name);
  if (policy !== null) return violatesPolicy(policy);
  const partition = checkedPartition(name);
  if (partition !== null) return leavesPartition(table, partition.moves, detail);
  const view = checkedView(name);
  if (view !== null) {
    const message = `new row violates check option for view "${view}"`;
    return new SqlError(SQLSTATE.with_check_option_violation, message, { detail: detail() });
  }
  return new SqlError(SQLSTATE.check_violation, `new row for relation "${table.name}" violates check constraint "${name}"`, {
    ...{ schema: table.schema, table: table.name, constraint: name },
    detail: detail(),
  });
}

/** 23505: another row has the key that this one has in `index`. */
export function duplicateError(table: CatalogTable, index: CatalogIndex | undefined, row: FailingRow): SqlError {
  const keys = index?.predicate === undefined ? (index?.keys ?? []) : index.keys.slice(0, -1);
  const columns = keys.map(({ attribute }) => table.columns.find(({ number }) => number === attribute));
  const names = columns.map((column) => column?.name ?? '').join(', ');
  const values = columns.map((column) => (column === undefined ? 'null' : keyValue(row[column.kernelColumn], column.type.name)));
  const constraint = index?.constraint ?? index?.name ?? '';
  return new SqlError(SQLSTATE.unique_violation, `duplicate key value violates unique constraint "${constraint}"`, {
    ...{ schema: table.schema, table: table.name, constraint },
    detail: `Key (${names})=(${values.join(', ')}) already exists.`,
  });
}

function keyValue(value: RowValue | undefined, type: string): string {
  if (value == null) return 'null';
  try {
    return outputText(type, value, { timeZone: 'UTC', setting: () => null } as unknown as ValueContext);
  } catch {
    return String(value);
  }
}

/** 55000: ON CONFLICT asks before a row is in, a deferrable constraint is looked at later. */
export const deferrableArbiter = (): SqlError =>
  new SqlError(
    SQLSTATE.object_not_in_prerequisite_state,
    'ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters',
  );

/** `moves`: ON CONFLICT would have it move. */
function leavesPartition({ schema, name }: CatalogTable, moves: boolean, detail: () => string | undefined): SqlError {
  if (moves)
    return new SqlError(SQLSTATE.feature_not_supported, 'invalid ON UPDATE specification', {
      detail: 'The result tuple would appear in a different partition than the original tuple.',
    });
  const message = `new row for relation "${name}" violates partition constraint`;
  return new SqlError(SQLSTATE.check_violation, message, { schema, table: name, detail: detail() });
}

function violatesPolicy({ of, table, policy }: CheckedPolicy): SqlError {
  const named = policy === null ? '' : ` "${policy}"`;
  const using = of === 'new' ? '' : ' (USING expression)';
  const row = of === 'target' ? 'target' : 'new';
  return new SqlError(
    SQLSTATE.insufficient_privilege,
    `${row} row violates row-level security policy${named}${using} for table "${table}"`,
  );
}

/** 'Failing row contains (1, null).'; undefined where the role may not read the table. */
export function failingRow(table: CatalogTable, row: FailingRow, context: ValueContext): string | undefined {
  if (table.rowSecurity?.enabled === true || !mayRead(table, context)) return undefined;
  const shown = table.columns
    .filter(({ hidden }) => hidden === null)
    .map(({ kernelColumn, type }) => shownValue(row[kernelColumn], type.name, context));
  return `Failing row contains (${shown.join(', ')}).`;
}

function mayRead(table: CatalogTable, context: ValueContext): boolean {
  if (context.mayDo === undefined || context.types === undefined) return true;
  const role = context.types.objectNumber('regrole', quoteIdent(context.user));
  return context.mayDo(role, 'table', table.id, null, 'select');
}

function shownValue(value: RowValue | undefined, type: string, context: ValueContext): string {
  if (value === null || value === undefined) return 'null';
  const text = Buffer.from(outputText(type, value, context));
  if (text.length <= SHOWN_MAX) return text.toString();
  // Not in the midst of a character.
  let end = SHOWN_MAX;
  while ((text[end] & 0xc0) === 0x80) end--;
  return `${text.toString('utf8', 0, end)}...`;
}
