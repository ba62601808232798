/** \d and its kin: what there is in the database, as psql prints it. Straight from the catalog. */

import type { SqlCatalog } from '../api/sql-catalog.ts';
import type { CatalogColumn, CatalogSequence, CatalogTable } from '../catalog/objects.ts';
import type { SessionReader } from '../catalog/reader.ts';
import { ShellError } from './shell-error.ts';
import type { Shell } from './shell.ts';

const KINDS: { readonly [kind: string]: string } = { r: 'table', i: 'index', S: 'sequence', v: 'view' };
const HIDDEN_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'sys']);

function readerOf(shell: Shell): SessionReader {
  const { engine, connection } = shell.database;
  return (engine.catalog as SqlCatalog).reader(connection.session, connection.session.transaction);
}

interface ObjectLine {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string;
}

function objects(shell: Shell): ObjectLine[] {
  const names = (sql: string): Map<unknown, string> => new Map(shell.query(sql).rows.map(([id, name]) => [id, String(name)]));
  const schemas = names('select oid, nspname from pg_catalog.pg_namespace');
  const roles = names('select oid, rolname from pg_catalog.pg_roles');
  const { rows } = shell.query('select oid, relname, relkind, relnamespace, relowner from pg_catalog.pg_class');
  const lines = rows.map(([id, name, kind, schema, owner]) => ({
    ...{ id: Number(id), name: String(name), kind: String(kind) },
    ...{ schema: schemas.get(schema) ?? '', owner: roles.get(owner) ?? '' },
  }));
  const key = ({ schema, name }: ObjectLine): string => `${schema}\0${name}`;
  return lines.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A pattern of psql: * for any characters, ? for one, maybe with a schema before a point. */
function matcher(pattern: string): (line: ObjectLine) => boolean {
  if (pattern === '') return ({ schema }) => !HIDDEN_SCHEMAS.has(schema);
  const [schema, name] = pattern.includes('.') ? pattern.split('.', 2) : [null, pattern];
  const expression = (text: string): RegExp => {
    const quoted = /^"(.*)"$/.exec(text);
    if (quoted !== null) return new RegExp(`^${escaped(quoted[1])}$`);
    return new RegExp(`^${escaped(text.toLowerCase()).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`);
  };
  const ofName = expression(name);
  const ofSchema = schema === null ? null : expression(schema);
  return (line) => ofName.test(line.name) && (ofSchema === null || ofSchema.test(line.schema));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** \d, \dt, \di, \ds. */
export function listRelations(shell: Shell, kinds: readonly string[], pattern: string): void {
  const matches = matcher(pattern);
  const found = objects(shell).filter((line) => kinds.includes(line.kind) && matches(line));
  if (found.length === 0) {
    shell.write(pattern === '' ? 'Did not find any relations.' : `Did not find any relation named "${pattern}".`);
    return;
  }
  const withTable = kinds.includes('i');
  const tables = withTable ? tablesByIndex(shell) : null;
  const columns = ['Schema', 'Name', 'Type', 'Owner', ...(withTable ? ['Table'] : [])];
  const rows = found.map(({ id, schema, name, kind, owner }) => {
    const line = [schema, name, KINDS[kind], owner];
    return tables === null ? line : [...line, tables.get(id)?.name ?? ''];
  });
  shell.write(shell.show({ columns, types: columns.map(() => 'text'), rows, title: 'List of relations' }));
}

function tablesByIndex(shell: Shell): Map<number, CatalogTable> {
  const found = new Map<number, CatalogTable>();
  for (const { relation } of readerOf(shell).all())
    if (relation?.kind === 'table') for (const { id } of relation.indexes) found.set(id, relation);
  return found;
}

/** \d name: a table, an index, a sequence. */
export function describe(shell: Shell, pattern: string): void {
  const found = objects(shell).filter(matcher(pattern));
  // A name that several schemas have means the first of the search path.
  const path = readerOf(shell).searchPath();
  const rank = (schema: string): number =>
    schema.startsWith('pg_temp') ? -1 : path.indexOf(schema) + (path.includes(schema) ? 0 : 1e6);
  const isName = !/[*?]/.test(pattern);
  const wanted = isName && !pattern.includes('.') ? found.sort((a, b) => rank(a.schema) - rank(b.schema)).slice(0, 1) : found;
  if (wanted.length === 0) throw new ShellError(`Did not find any relation named "${pattern}".`);
  for (const line of wanted) describeOne(shell, line);
}

function describeOne(shell: Shell, { id, schema, name, kind }: ObjectLine): void {
  const reader = readerOf(shell);
  if (kind === 'i') {
    describeIndex(shell, id, `${schema}.${name}`);
    return;
  }
  const relation = reader.relation(id);
  if (relation?.kind === 'sequence') describeSequence(shell, reader, relation);
  else if (relation?.kind === 'table') describeTable(shell, reader, relation);
  else if (relation?.kind === 'virtual') describeColumns(shell, `View "${schema}.${name}"`, relation.columns, reader, []);
}

function describeColumns(
  shell: Shell,
  title: string,
  all: readonly CatalogColumn[],
  reader: SessionReader,
  footer: string[],
): void {
  const rows = all
    .filter(({ hidden }) => hidden === null)
    .map((column) => [column.name, typeText(column.type), '', column.notNull ? 'not null' : '', defaultText(column, reader)]);
  const columns = ['Column', 'Type', 'Collation', 'Nullable', 'Default'];
  shell.write(shell.show({ columns, types: columns.map(() => 'text'), rows, title, footer }));
}

const PERSISTENCE = { permanent: 'Table', temporary: 'Table', unlogged: 'Unlogged table' } as const;

function describeTable(shell: Shell, reader: SessionReader, table: CatalogTable): void {
  const title = `${PERSISTENCE[table.persistence]} "${table.schema}.${table.name}"`;
  const ranked = [...table.indexes].sort((a, b) => Number(b.primary) - Number(a.primary) || (a.name < b.name ? -1 : 1));
  const indexes = ranked.map((index) => {
    const constraint = index.primary ? 'PRIMARY KEY, ' : index.constraint !== null ? 'UNIQUE CONSTRAINT, ' : 'UNIQUE, ';
    const nulls = index.unique && !index.nullsDistinct ? ' NULLS NOT DISTINCT' : '';
    return `    "${index.name}" ${index.unique ? constraint : ''}${index.method} (${keyTexts(table, index).join(', ')})${nulls}`;
  });
  const checks = table.checks.map(({ name, expression }) => `    "${name}" CHECK (${expression.text})`);
  const footer = [
    ...(indexes.length > 0 ? ['Indexes:', ...indexes] : []),
    ...(checks.length > 0 ? ['Check constraints:', ...checks] : []),
  ];
  describeColumns(shell, title, table.columns, reader, footer);
}

type Index = CatalogTable['indexes'][number];

/** What an index is over, in the order of its keys. */
function keyTexts(table: CatalogTable, { keys, method }: Index): string[] {
  return keys.map(({ attribute, descending, nullsFirst }) => {
    const order = method === 'hash' || nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
    return keyName(table, attribute) + (descending ? ' DESC' : '') + order;
  });
}

function keyName(table: CatalogTable, attribute: number): string {
  const column = table.columns.find(({ number }) => number === attribute);
  if (column === undefined) return '?';
  if (column.hidden === null) return column.name;
  const { text, source } = column.hidden;
  return source.op === 'call' ? text : `(${text})`;
}

function describeIndex(shell: Shell, id: number, title: string): void {
  const table = tablesByIndex(shell).get(id);
  const index = table?.indexes.find((one) => one.id === id);
  if (table === undefined || index === undefined) throw new ShellError(`Did not find any relation named "${title}".`);
  const rows = index.keys.map(({ attribute }) => {
    const column = table.columns.find(({ number }) => number === attribute);
    const isExpression = column !== undefined && column.hidden !== null;
    const name = isExpression ? (/^\w+(?=\()/.exec(column.hidden?.text ?? '')?.[0] ?? 'expr') : (column?.name ?? '?');
    return [name, column === undefined ? '' : typeText(column.type), 'yes', keyName(table, attribute)];
  });
  const kind = index.primary ? 'primary key, ' : index.unique ? 'unique, ' : '';
  const columns = ['Column', 'Type', 'Key?', 'Definition'];
  const footer = [`${kind}${index.method}, for table "${table.schema}.${table.name}"`];
  shell.write(shell.show({ columns, types: columns.map(() => 'text'), rows, title: `Index "${title}"`, footer }));
}

function describeSequence(shell: Shell, reader: SessionReader, sequence: CatalogSequence): void {
  const { type, start, minimum, maximum, increment, cycle, cache } = sequence;
  const owner = sequence.ownerTable === 0 ? null : reader.relation(sequence.ownerTable);
  const column = owner?.kind === 'table' ? owner.columns.find(({ number }) => number === sequence.ownerAttribute) : undefined;
  const footer =
    owner === null || column === undefined
      ? []
      : [
          `${column.identity === 'none' ? 'Owned by' : 'Sequence for identity column'}: ${owner.schema}.${owner.name}.${column.name}`,
        ];
  const columns = ['Type', 'Start', 'Minimum', 'Maximum', 'Increment', 'Cycles?', 'Cache'];
  const types = columns.map((name) => (name === 'Type' || name === 'Cycles?' ? 'text' : 'int8'));
  const rows = [[SHOWN[type], start, minimum, maximum, increment, cycle ? 'yes' : 'no', cache]];
  shell.write(shell.show({ columns, types, rows, title: `Sequence "${sequence.schema}.${sequence.name}"`, footer }));
}

function defaultText({ identity, sequence, default: value }: CatalogColumn, reader: SessionReader): string {
  if (identity !== 'none') return `generated ${identity === 'always' ? 'always' : 'by default'} as identity`;
  if (value !== null) return value.text;
  const own = sequence === 0 ? null : reader.relation(sequence);
  return own === null ? '' : `nextval('${own.name}'::regclass)`;
}

interface ShownType {
  readonly name: string;
  readonly length: number;
  readonly scale: number;
}

const SHOWN: { readonly [name: string]: string } = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  varchar: 'character varying',
  char: 'character',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

const TIMES = new Set(['time', 'timestamp', 'timestamptz']);

/** 'numeric(10,2)', 'character varying(20)', 'timestamp(3) with time zone'. */
function typeText({ name, length, scale }: ShownType): string {
  const shown = SHOWN[name] ?? name;
  if (length < 0) return shown;
  if (TIMES.has(name)) return shown.replace(/^(\w+)/, `$1(${length})`);
  return name === 'numeric' ? `${shown}(${length},${Math.max(0, scale)})` : `${shown}(${length})`;
}
