/** Rows of PostgreSQL's own that are facts: access methods, operator classes, casts, operators, languages, collations, encodings. */

import { ROLE_SUPERUSER } from '../system-tables.ts';
import type { TypeName } from '../../sblr/types.ts';
import type { IndexMethod, TokenClass } from '../../storage/rows/runtime.ts';
import { AM_BTREE, AM_GIN, AM_HASH, AM_HEAP, COLLATION_C, typeOid } from './describe.ts';
import { OPERATOR_CLASS_ROWS, OPERATOR_FAMILY_ROWS, TEXT_SEARCH_ROWS } from './postgresql-classes.ts';
import { CAST_ROWS, OPERATOR_ROWS } from './postgresql-rows.ts';
import type { RowMakers, VirtualRow } from './virtual-table.ts';

const TEXTS = new Set(['oprname', 'typname', 'opcname', 'opfname', 'proname', 'cfgname']);

const factOf = (column: string, text: string): string | number | boolean =>
  TEXTS.has(column) || !/^(-?\d+|[tf])$/.test(text) || LETTERS.has(column)
    ? text
    : text === 't' || text === 'f'
      ? text === 't'
      : Number(text);

/** Columns of one letter that is no boolean. */
const LETTERS = new Set('oprkind castcontext castmethod typtype typcategory typalign typstorage prokind provolatile'.split(' '));

const read = new Map<string, VirtualRow[]>();

/** Rows of a text of postgresql-rows.ts; read once. */
export function factRows(text: string, common: VirtualRow = {}): readonly VirtualRow[] {
  let rows = read.get(text);
  if (rows !== undefined) return rows;
  const [head, ...lines] = text.trim().split('\n');
  const columns = head.split(' ');
  rows = lines.map((line) => {
    const values = line.split(' ');
    return { ...common, ...Object.fromEntries(columns.map((column, at) => [column, factOf(column, values[at])])) };
  });
  read.set(text, rows);
  return rows;
}

const OWN = { opcnamespace: 11, opcowner: ROLE_SUPERUSER };
const operatorClasses = (): readonly VirtualRow[] => factRows(OPERATOR_CLASS_ROWS, OWN);

const byType = new Map<string, number>();

/** The operator class that an index of this method has for a type. */
export function operatorClassOf(type: TypeName, method: IndexMethod, tokens?: TokenClass): number {
  if (tokens !== undefined) {
    const named = operatorClasses().find(({ opcmethod, opcname }) => opcmethod === AM_GIN && opcname === tokens);
    return Number(named?.oid ?? 0);
  }
  if (byType.size === 0)
    for (const { oid, opcmethod, opcintype, opcdefault } of operatorClasses())
      if (opcdefault === true) byType.set(`${String(opcmethod)}:${String(opcintype)}`, Number(oid));
  const access = method === 'hash' ? AM_HASH : AM_BTREE;
  const other = type.endsWith('[]')
    ? 2277
    : type === 'varchar'
      ? 25
      : type.startsWith('enum:')
        ? 3500
        : type.startsWith('row:')
          ? 2249
          : 0;
  return byType.get(`${access}:${other === 0 ? typeOid(type) : other}`) ?? 0;
}

export const textSearchConfigurations = (): readonly VirtualRow[] =>
  factRows(TEXT_SEARCH_ROWS, { cfgnamespace: 11, cfgowner: ROLE_SUPERUSER, cfgparser: 3722 });

/** What PostgreSQL has: an index by one that is not built is refused by its name. */
const METHODS: readonly VirtualRow[] = [
  { oid: AM_HEAP, amname: 'heap', amhandler: 3, amtype: 't' },
  { oid: AM_BTREE, amname: 'btree', amhandler: 330, amtype: 'i' },
  { oid: AM_HASH, amname: 'hash', amhandler: 331, amtype: 'i' },
  { oid: 783, amname: 'gist', amhandler: 332, amtype: 'i' },
  { oid: AM_GIN, amname: 'gin', amhandler: 333, amtype: 'i' },
  { oid: 4000, amname: 'spgist', amhandler: 334, amtype: 'i' },
  { oid: 3580, amname: 'brin', amhandler: 335, amtype: 'i' },
];

const language = (oid: number, lanname: string, lanpltrusted: boolean): VirtualRow => ({
  ...{ oid, lanname, lanowner: ROLE_SUPERUSER, lanispl: false, lanpltrusted },
  ...{ lanplcallfoid: 0, laninline: 0, lanvalidator: 0 },
});

export const LANGUAGE_INTERNAL = 12;
export const LANGUAGE_SQL = 14;

const COLLATION = { collnamespace: 11, collowner: ROLE_SUPERUSER, collisdeterministic: true, collencoding: -1 };

export const PG_ACCESS: RowMakers = {
  pg_am: () => METHODS,
  pg_opclass: operatorClasses,
  pg_opfamily: () => factRows(OPERATOR_FAMILY_ROWS, { opfnamespace: 11, opfowner: ROLE_SUPERUSER }),
  pg_ts_config: textSearchConfigurations,
  pg_cast: () => factRows(CAST_ROWS),
  pg_operator: () => factRows(OPERATOR_ROWS, { oprnamespace: 11, oprowner: ROLE_SUPERUSER }),
  pg_language: () => [language(LANGUAGE_INTERNAL, 'internal', false), language(LANGUAGE_SQL, 'sql', true)],
  pg_collation: () => [
    { ...COLLATION, oid: 100, collname: 'default', collprovider: 'd' },
    { ...COLLATION, oid: COLLATION_C, collname: 'C', collprovider: 'c', collcollate: 'C', collctype: 'C' },
    { ...COLLATION, oid: 951, collname: 'POSIX', collprovider: 'c', collcollate: 'POSIX', collctype: 'POSIX' },
  ],
};
