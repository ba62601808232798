/** CREATE TABLE AS: a table of a query's columns, then its rows. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { ColumnDefinition, TableDefinition } from '../../catalog/definitions.ts';
import { columnKind } from '../../catalog/kernel-columns.ts';
import { quoteName } from '../../catalog/virtual/describe.ts';
import type { BoundQuery } from '../../sblr/bound.ts';
import type { SourceCreateTableNode, SourceQuery } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { bind } from '../bind/bind.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, repeated } from './environment.ts';

/** Makes the table and fills it; the number of its rows. 42601, 42701, 42P16 */
export function createTableAs(source: SourceCreateTableNode, query: SourceQuery, environment: DefinitionEnvironment): number {
  const { catalog, tx, session, semantics, semanticsOf } = environment;
  const place = { semantics, semanticsOf, parameterTypes: [], literals: [], policy: 'infer' as const };
  const bound = bind(query, { ...place, catalog: readerOf(environment) });
  if (bound.clientParameters > 0) throw fault(SQLSTATE.undefined_parameter, 'there is no parameter $1', query.at);
  const { output } = bound.statement as BoundQuery;
  const named = source.columns;
  if (named.length > output.length) throw fault(SQLSTATE.syntax_error, 'too many column names were specified', source.at);
  const columns = output.map(({ name, type }, at): ColumnDefinition => {
    const own = named[at]?.name ?? name;
    if (columnKind(type) === undefined)
      throw fault(SQLSTATE.invalid_table_definition, `column "${own}" has pseudo-type ${type.name}`, query.at);
    return { name: own, type: withNullable(type, true), notNull: false, default: null, identity: 'none', sequence: null };
  });
  const twice = repeated(columns.map(({ name }) => name));
  if (twice !== undefined) throw fault(SQLSTATE.duplicate_column, `column "${twice}" specified more than once`, source.at);
  const definition: TableDefinition = {
    ...{ name: qualified(source.name, semantics), persistence: source.persistence, columns, indexes: [], checks: [] },
    onCommit: source.onCommit === 'none' ? 'preserve' : source.onCommit,
  };
  const table = catalog.createTable(tx, session, definition);
  if (!source.withData || columns.length === 0) return 0;
  const target = `${quoteName(table.schema)}.${quoteName(table.name)}`;
  const [insert] = environment.parse(`insert into ${target} values (1)`);
  if (insert.op !== 'insert') throw fault(SQLSTATE.internal_error, 'INSERT is read as something else', source.at);
  const module = bind({ ...insert, source: query }, { ...place, catalog: readerOf(environment) });
  return environment.change(module);
}
