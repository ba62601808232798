/** COPY as statements of source form: what reads the rows that go out, and what inserts those that come in. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { CatalogColumn, CatalogTable } from '../catalog/objects.ts';
import { foldParts } from '../sblr/resolve-type.ts';
import type { SourceExpression, SourceFrom, SourceName, SourceQuery, SourceStatement } from '../sblr/source.gen.ts';
import type { SqlType } from '../sblr/types.ts';
import { dialectFor } from './dialect-for.ts';
import type { Connection } from './connection.ts';
import type { SourceCopy } from './copy-options.ts';
import { makeShape } from './make-shape.ts';
import type { Prepared } from './prepare.ts';
import { entered } from './run.ts';

const AT = 0;

const nameOf = (...parts: readonly string[]): SourceName => ({ op: 'name', at: AT, parts, quoted: parts.map(() => true) });
const column = (name: string): SourceExpression => ({ op: 'column', at: AT, name: nameOf(name) });

const around = { order: [], limit: null, offset: null, ties: false } as const;

function select(items: readonly string[], from: SourceFrom, where: SourceExpression | null): SourceQuery {
  return {
    ...{ op: 'select', at: AT, with: null, distinct: 'none', distinctOn: [] },
    items: items.map((name) => ({ op: 'selectItem', at: AT, expression: column(name), alias: null, quoted: false })),
    ...{ from: [from], where, group: [], having: null, windows: [], ...around, locking: [] },
  } as SourceQuery;
}

/** A statement of our own, prepared: it has no text but that of the COPY it belongs to. */
export function prepareSource(
  connection: Connection,
  source: SourceStatement | SourceQuery,
  types: readonly SqlType[],
  copy: Prepared,
): Prepared {
  const { engine, session } = connection;
  const { text, start, end, scope } = copy;
  const statement = { text, start, own: text, isNormalised: false, literals: [], types };
  const known = copy.shape.tokens ?? [];
  // Columns of an INSERT have a place each.
  const tokens = Array.from({ length: known.length + 2 * types.length + 2 }, (_, index) => known[index] ?? end);
  const parsed = { source, tokens, start, end, parameterCount: types.length, parameterNames: [] };
  const shape = entered(engine, () => makeShape(engine, session, statement, parsed));
  return { ...statement, end, shape, scope };
}

/** What COPY TO reads. */
export function readingSource({ table, columns, query }: SourceCopy, names: readonly string[]): SourceStatement | SourceQuery {
  if (query !== null) return query;
  const from = { op: 'tableRef', at: AT, name: table, alias: null, only: true, sample: null } as SourceFrom;
  return select(columns.length > 0 ? columns : names, from, null);
}

/** What inserts so many rows of parameters. */
export function insertingSource({ table, where }: SourceCopy, columns: readonly string[], rows: number): SourceStatement {
  const width = columns.length;
  const values: SourceQuery = {
    ...{ op: 'values', at: AT, with: null },
    rows: Array.from({ length: rows }, (_, row) => ({
      ...{ op: 'row', at: AT },
      items: columns.map((_, index) => ({ op: 'parameter', at: AT, number: row * width + index + 1, name: null })),
    })),
    ...around,
  } as unknown as SourceQuery;
  const name = table as SourceName;
  const alias = { op: 'alias', at: AT, name: name.parts[name.parts.length - 1], quoted: true, columns };
  const from = { op: 'queryRef', at: AT, query: values, alias, lateral: false } as SourceFrom;
  return {
    ...{ op: 'insert', at: AT, with: null, table: name, alias: null, columns, columnsAt: AT, overriding: 'system' },
    source: where === null ? values : select(columns, from, where),
    ...{ conflict: null, returning: [] },
  } as SourceStatement;
}

/** The table of a COPY. 42P01, 42809, 0A000. */
export function copiedTable(connection: Connection, { table, direction }: SourceCopy): CatalogTable {
  const { engine, session } = connection;
  const parts = foldParts(table as SourceName, dialectFor(engine, session).semantics);
  const name = parts[parts.length - 1];
  const found = entered(engine, () =>
    engine.catalog.reader(session, session.transaction).findRelation(parts.length > 1 ? parts[0] : null, name),
  );
  const position = (table as SourceName).at;
  if (found === null) throw new SqlError(SQLSTATE.undefined_table, `relation "${parts.join('.')}" does not exist`, { position });
  if (found.kind !== 'table')
    throw new SqlError(SQLSTATE.wrong_object_type, `cannot copy ${direction} ${found.kind} "${name}"`, { position });
  const security = entered(engine, () => engine.catalog.reader(session, session.transaction).rowSecurity?.(found.id) ?? null);
  if (direction === 'from' && security !== null && security.policies !== null)
    throw new SqlError(SQLSTATE.feature_not_supported, 'COPY FROM not supported with row-level security', {
      position,
      hint: 'Use INSERT statements instead.',
    });
  return found;
}

/** The columns that are copied, in order: those listed, or all that hold what is given. 42703, 42701, 42P10. */
export function copiedColumns({ columns: listed }: SourceCopy, { name: table, columns }: CatalogTable): CatalogColumn[] {
  const known = columns.filter(({ hidden }) => hidden === null);
  if (listed.length === 0) return known.filter(({ generated }) => generated === undefined);
  return listed.map((name, index) => {
    const found = known.find((one) => one.name === name);
    if (found === undefined)
      throw new SqlError(SQLSTATE.undefined_column, `column "${name}" of relation "${table}" does not exist`);
    if (found.generated !== undefined)
      throw new SqlError('42P10', `column "${name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
    if (listed.indexOf(name) < index) throw new SqlError(SQLSTATE.duplicate_column, `column "${name}" specified more than once`);
    return found;
  });
}
