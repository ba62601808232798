/** The shell's own commands, as psql users know them. */

import { readFileSync } from 'node:fs';
import type { Shell } from './shell.ts';
import { SqlError } from '../../shm/errors.ts';

export const META_HELP = `\\d [name]        tables, or one table with its columns and indexes
\\dt  \\di  \\ds    tables, indexes, sequences
\\timing          how long statements take: on, off
\\x               a line for each column: on, off
\\aligned  \\csv  \\json   how rows are written
\\pset null TEXT  what NULL looks like
\\i FILE          runs the statements of a file
\\conninfo        which database this is
\\check           verifies every page, row and index entry
\\?               this list
\\q               leaves`;

/** Runs one command. */
export function runMeta(shell: Shell, command: string): void {
  const [name, ...rest] = command.split(/\s+/);
  const argument = rest.join(' ');
  const { state } = shell;
  switch (name) {
    case '\\q':
      shell.hasEnded = true;
      return;
    case '\\?':
    case '\\h':
      shell.write(META_HELP);
      return;
    case '\\timing':
      state.timing = onOff(argument, state.timing);
      shell.write(`Timing is ${state.timing ? 'on' : 'off'}.`);
      return;
    case '\\x':
      state.expanded = onOff(argument, state.expanded);
      shell.write(`Expanded display is ${state.expanded ? 'on' : 'off'}.`);
      return;
    case '\\aligned':
    case '\\a':
    case '\\csv':
    case '\\json':
      state.format = name === '\\csv' ? 'csv' : name === '\\json' ? 'json' : 'aligned';
      return;
    case '\\pset':
      if (rest[0] !== 'null') throw unknown(command);
      state.nullText = rest
        .slice(1)
        .join(' ')
        .replace(/^'(.*)'$/, '$1');
      return;
    case '\\i':
      shell.text(readFileSync(argument, 'utf8'));
      return;
    case '\\conninfo': {
      const { session } = shell.database.connection;
      shell.write(`Database "${session.database}" as user "${session.user}".`);
      return;
    }
    case '\\check':
      check(shell);
      return;
    case '\\d':
      if (argument === '') relations(shell, ['r', 'v', 'S']);
      else describe(shell, argument.replace(/;$/, ''));
      return;
    case '\\dt':
      relations(shell, ['r']);
      return;
    case '\\di':
      relations(shell, ['i']);
      return;
    case '\\ds':
      relations(shell, ['S']);
      return;
    default:
      throw unknown(command);
  }
}

const unknown = (command: string): SqlError =>
  new SqlError('42601', `there is no command ${command}`, { hint: '\\? lists the commands' });

function onOff(argument: string, before: boolean): boolean {
  if (argument === '') return !before;
  return /^(on|true|1)$/i.test(argument);
}

const NAMES: { readonly [kind: string]: string } = { r: 'table', i: 'index', S: 'sequence', v: 'view' };

/** Straight from the catalog: the shell needs no joins for it. */
function relations(shell: Shell, kinds: readonly string[]): void {
  const rows = objects(shell)
    .filter(
      ({ kind, schema }) =>
        kinds.includes(kind) && schema !== 'pg_catalog' && schema !== 'information_schema' && schema !== 'sys',
    )
    .map(({ schema, name, kind }) => [schema, name, NAMES[kind]]);
  if (rows.length === 0) shell.write('Did not find any relations.');
  else shell.write(shell.show({ columns: ['Schema', 'Name', 'Type'], types: ['text', 'text', 'text'], rows }));
}

interface ObjectLine {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
}

function objects(shell: Shell): ObjectLine[] {
  const schemas = new Map(
    shell.query('select oid, nspname from pg_catalog.pg_namespace').rows.map(([id, name]) => [id, String(name)]),
  );
  const { rows } = shell.query('select oid, relname, relkind, relnamespace from pg_catalog.pg_class order by relname');
  return rows.map(([id, name, kind, schema]) => ({
    id: Number(id),
    name: String(name),
    kind: String(kind),
    schema: schemas.get(schema) ?? '',
  }));
}

function describe(shell: Shell, wanted: string): void {
  const [first, second] = wanted.split('.');
  const name = (second ?? first).replace(/^"(.*)"$/, '$1');
  const found = objects(shell).find((one) => one.name === name && (second === undefined || one.schema === first));
  if (found === undefined) throw new SqlError('42P01', `Did not find any relation named "${wanted}".`);
  const reader = shell.database.engine.catalog.reader(
    shell.database.connection.session,
    shell.database.connection.session.transaction,
  );
  const relation = reader.relation(found.id);
  if (relation === null || relation.kind === 'sequence') {
    shell.write(`${NAMES[found.kind] ?? 'relation'} "${found.schema}.${found.name}"`);
    return;
  }
  const rows = relation.columns
    .filter(({ hidden }) => hidden === null)
    .map((column) => [
      column.name,
      typeText(column.type),
      column.notNull ? 'not null' : '',
      column.default?.text ?? identityText(column.identity),
    ]);
  shell.write(`Table "${found.schema}.${found.name}"`);
  const types = ['text', 'text', 'text', 'text'];
  shell.write(shell.show({ columns: ['Column', 'Type', 'Nullable', 'Default'], types, rows }));
  if (relation.kind === 'table') shell.write(indexLines(relation).join('\n'));
}

const identityText = (identity: string): string =>
  identity === 'none' ? '' : `generated ${identity === 'always' ? 'always' : 'by default'} as identity`;

type Relation = Extract<
  NonNullable<ReturnType<ReturnType<Shell['database']['engine']['catalog']['reader']>['relation']>>,
  { kind: 'table' }
>;

function indexLines(table: Relation): string[] {
  const nameOf = (attribute: number): string => {
    const column = table.columns.find(({ number }) => number === attribute);
    return column?.hidden === null || column === undefined ? (column?.name ?? '?') : `(${column.hidden.text})`;
  };
  const lines = table.indexes.map((index) => {
    const keys = index.keys.map(({ attribute, descending }) => nameOf(attribute) + (descending ? ' DESC' : '')).join(', ');
    const kind = index.primary ? 'PRIMARY KEY, ' : index.unique ? 'UNIQUE, ' : '';
    return `    "${index.name}" ${kind}${index.method} (${keys})`;
  });
  const checks = table.checks.map(({ name, expression }) => `    "${name}" CHECK (${expression.text})`);
  return [...(lines.length > 0 ? ['Indexes:', ...lines] : []), ...(checks.length > 0 ? ['Check constraints:', ...checks] : [])];
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

/** 'numeric(10,2)', 'character varying(20)'. */
function typeText({ name, length, scale }: ShownType): string {
  const shown = SHOWN[name] ?? name;
  if (length < 0) return shown;
  return name === 'numeric' ? `${shown}(${length},${Math.max(0, scale)})` : `${shown}(${length})`;
}

function check(shell: Shell): void {
  const report = shell.database.check();
  const { rows, entries, problems } = report;
  shell.write(`${rows} rows and ${entries} index entries; ${problems.length === 0 ? 'sound' : `${problems.length} problems`}`);
  for (const problem of problems) shell.write(JSON.stringify(problem));
}
