/** `scratchbird import`: a file into a table, by COPY, in one transaction. */

import { basename, extname } from 'node:path';
import { CommandError } from './command-error.ts';
import { type Command, type Given, report } from './commands.ts';
import { type ImportSource, Input, type ReadOptions } from './import-source.ts';
import { foldedName, foldedNames } from './infer.ts';
import { progressOf } from './progress.ts';
import { literal, openTarget, quoted, type Target } from './target.ts';

const FORMATS: { readonly [ending: string]: string } = {
  ...{ '.csv': 'csv', '.tsv': 'csv', '.txt': 'csv', '.json': 'json', '.jsonl': 'json', '.ndjson': 'json', '.parquet': 'parquet' },
};

export const importCommand: Command = {
  help: `scratchbird import [options] DATABASE FILE [TABLE]

Rows of a file into a table, in one transaction: all of them or none. A table that there is not is made, with types that the first
rows suggest (CSV, JSON) or the file declares (Parquet); one that there is takes the columns by their names. DATABASE is a
directory or the address of a server, FILE may be '-' (the standard input, with --format and TABLE). TABLE is named as in SQL; the
file's name unless said otherwise.

      --format F         csv, json (an object a line, or an array), parquet; the file's ending says it
      --delimiter C      of CSV; the first line tells (, ; | or a tab)
      --no-header        the first line of CSV is a row: columns go by their order
      --null TEXT        what stands for NULL in CSV; nothing at all unless said otherwise
      --encoding E       of CSV: utf8, latin1
      --columns DEFS     the columns of a table that is made: 'id int primary key, name text'
      --ignore-unknown   keys of JSON, columns of files, that the table does not have are left out
      --truncate         the table is emptied first
      --json             a report as JSON: {"table", "rows", "created", "columns", "seconds"}
  -q, --quiet            no progress

Examples
  scratchbird import shop.sbd items.csv
  scratchbird import shop.sbd visits.jsonl app.visits --ignore-unknown
  gunzip -c big.csv.gz | scratchbird import postgres://postgres@localhost/postgres - big --format csv`,
  options: {
    format: { type: 'string' },
    delimiter: { type: 'string' },
    'no-header': { type: 'boolean' },
    null: { type: 'string' },
    encoding: { type: 'string' },
    columns: { type: 'string' },
    'ignore-unknown': { type: 'boolean' },
    truncate: { type: 'boolean' },
  },
  positionals: ['DATABASE', 'FILE', 'TABLE?'],
  async run(given) {
    const [place, file, table = tableOf(file)] = given.positionals;
    const format = formatOf(given, file);
    const input = new Input(file);
    const source = await sourceOf(input, format, readOptions(given));
    const target = await openTarget(place, { create: true });
    try {
      await imported(target, source, input, table, given);
    } finally {
      await target.close();
    }
    return 0;
  },
};

function tableOf(file: string): string {
  if (file === '-') throw new CommandError('the standard input has no name', 'name the table behind it');
  return quoted(foldedName(basename(file).replace(/\..*$/, '')));
}

function formatOf({ values }: Given, file: string): string {
  const format = (values.format as string | undefined) ?? FORMATS[extname(file).toLowerCase()];
  if (format === undefined)
    throw new CommandError(`the name of ${file} does not tell its format`, '--format csv, json or parquet');
  if (!['csv', 'json', 'parquet'].includes(format))
    throw new CommandError(`there is no format ${format}`, '--format csv, json or parquet');
  return format;
}

function readOptions({ values }: Given): ReadOptions {
  return {
    delimiter: values.delimiter === '\\t' ? '\t' : (values.delimiter as string | undefined),
    hasHeader: values['no-header'] !== true,
    nullText: (values.null as string | undefined) ?? '',
    encoding: values.encoding as string | undefined,
    ignoresUnknown: values['ignore-unknown'] === true,
  };
}

async function sourceOf(input: Input, format: string, options: ReadOptions): Promise<ImportSource> {
  if (format === 'csv') return (await import('./import-csv.ts')).readCsv(input, options);
  if (format === 'json') return (await import('./import-json.ts')).readJson(input, options);
  return (await import('./import-parquet.ts')).readParquet(input);
}

async function imported(target: Target, source: ImportSource, input: Input, table: string, given: Given): Promise<void> {
  const start = performance.now();
  const progress = progressOf(`importing ${input.name}`, 'bytes', given.isQuiet);
  await target.run('begin');
  let rows: number;
  let made: Made;
  try {
    made = await tableFor(target, source, table, given);
    if (given.values.truncate === true) await target.run(`truncate ${table}`);
    const types = made.columns.map((column) => column?.type ?? null);
    const listed = made.columns.flatMap((column) => (column === null ? [] : [quoted(column.name)])).join(', ');
    rows = await target.copyIn(`copy ${table} (${listed}) from stdin ${source.copyOptions}`, told(source.rows(types)));
    await target.run('commit');
  } catch (error) {
    progress.end();
    await target.run('rollback').catch(() => undefined);
    throw error;
  }
  progress.end();
  const seconds = (performance.now() - start) / 1000;
  const columns = made.columns.flatMap((column) => (column === null ? [] : [{ name: column.name, type: column.type }]));
  report(
    given,
    { table, rows, created: made.isNew, columns, seconds: Number(seconds.toFixed(3)) },
    `${made.isNew ? `made the table ${table} (${columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ')})\n` : ''}` +
      `${rows.toLocaleString('en')} rows into ${table} in ${seconds.toFixed(1)} s`,
  );

  async function* told(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      yield piece;
      progress.tell(input.done, input.size);
    }
  }
}

interface TableColumn {
  readonly name: string;
  readonly type: string;
}

interface Made {
  readonly isNew: boolean;
  /** For each column of the file. */
  readonly columns: readonly (TableColumn | null)[];
}

/** The table, made if there is none, and which of its columns those of the file are. */
async function tableFor(target: Target, { columns, copyOptions }: ImportSource, table: string, given: Given): Promise<Made> {
  const { values } = given;
  const { rows } = await target.run(`select to_regclass(${literal(table)})`);
  const isNew = rows[0][0] === null;
  const names = foldedNames(columns.map(({ name }) => name));
  if (isNew) {
    const definitions = columns.map(({ type }, index) => `${quoted(names[index])} ${type}`).join(', ');
    await target.run(`create table ${table} (${(values.columns as string | undefined) ?? definitions})`);
  }
  const found = await columnsOf(target, table);
  // Without a header columns go by their order.
  if (values['no-header'] === true && copyOptions !== '') {
    if (found.length < columns.length)
      throw new CommandError(
        `${table} has ${found.length} columns, the file ${columns.length}`,
        '--columns, or a file with names',
      );
    return { isNew, columns: columns.map((_, index) => found[index]) };
  }
  const matched = columns.map(
    ({ name }, index) =>
      found.find((one) => one.name === name) ??
      found.find((one) => one.name.toLowerCase() === name.toLowerCase() || one.name === names[index]) ??
      null,
  );
  const lost = columns.filter((_, index) => matched[index] === null).map(({ name }) => name);
  if (lost.length > 0 && (values['ignore-unknown'] !== true || copyOptions !== ''))
    throw new CommandError(
      `${table} has no column ${lost.map((name) => `"${name}"`).join(', ')}; it has ${found.map(({ name }) => name).join(', ')}`,
      copyOptions === '' ? '--ignore-unknown leaves it out' : 'add the column, or import into a table of its own',
    );
  return { isNew, columns: matched };
}

async function columnsOf(target: Target, table: string): Promise<TableColumn[]> {
  const { rows } = await target.run(
    `select attname, pg_catalog.format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
     where attrelid = ${literal(table)}::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
  );
  return rows.map(([name, type]) => ({ name: name as string, type: type as string }));
}
