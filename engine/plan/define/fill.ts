/**
 * The statement that fills hidden columns which CREATE INDEX has added: an update of every row that changes nothing else. Column ids
 * are attribute numbers, as stored expressions have them.
 */

import type { CatalogTable } from '../../catalog/objects.ts';
import type { BoundModule, TableColumnUse } from '../../sblr/bound.ts';
import { bindExpression } from '../bind/bind.ts';
import type { DefinitionEnvironment } from './environment.ts';

export function fillStatement(
  table: CatalogTable,
  attributes: readonly number[],
  environment: DefinitionEnvironment,
): BoundModule {
  const visible = table.columns.filter((column) => column.hidden === null);
  const last = Math.max(...table.columns.map((column) => column.number));
  const rowId = last + 1;
  const uses: TableColumnUse[] = table.columns.map(({ number, type }) => ({ column: number, attribute: number, type }));
  const row = uses.map((use) => ({ ...use, column: rowId + use.attribute }));
  const columns = visible.map(({ name, number, type }) => ({ name, type, attribute: number }));
  return {
    statement: {
      kind: 'update',
      table: table.id,
      source: { op: 'get', table: table.id, alias: table.name, columns: uses, rowId },
      rowId,
      row: {
        table: table.id,
        attributes: table.columns.map(({ number, type, hidden }) => ({
          attribute: number,
          type,
          expression:
            hidden === null || !attributes.includes(number)
              ? { op: 'column', column: number, type }
              : bindExpression(hidden.source, {
                  semantics: environment.semanticsOf(hidden.dialect),
                  table: table.name,
                  columns,
                  purpose: 'index',
                  target: null,
                }).expression,
        })),
        row,
        checks: [],
      },
      changed: attributes,
      returning: [],
      output: [],
    },
    parameters: [],
    clientParameters: 0,
    shaping: [],
    uses: [{ object: table.id, version: table.version, rights: [] }],
    columns: rowId + last + 1,
  };
}
