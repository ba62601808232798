/** `scratchbird export`: rows of a table or query into a file, as they come. */

import { createWriteStream } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError } from './command-error.ts';
import { type Command, type Given, reportAside } from './commands.ts';
import { type Progress, progressOf } from './progress.ts';
import { literal, openTarget, type Target } from './target.ts';

const FORMATS: { readonly [ending: string]: string } = {
  ...{ '.csv': 'csv', '.tsv': 'tsv', '.json': 'json', '.jsonl': 'json', '.ndjson': 'json', '.parquet': 'parquet' },
};

const LF = 10;
const BACKSLASH = 0x5c;

export const exportCommand: Command = {
  help: `scratchbird export [options] DATABASE WHAT [FILE]

Rows of a table, view or query into a file, a piece at a time, however many there are. DATABASE is a directory or the address of a
server. Without FILE, or with '-', rows go to the standard output.

      --format F       csv, tsv, json (an object a line), parquet; the file's ending says it, else csv
      --delimiter C    of CSV
      --no-header      no line of names
      --null TEXT      what stands for NULL in CSV; nothing at all unless said otherwise
      --json           a report as JSON on the error output: {"rows", "bytes", "seconds"}
  -q, --quiet          no progress, no report

In Parquet numeric columns are decimals with all their digits, arrays and jsonb JSON, moments microseconds in UTC.

Examples
  scratchbird export shop.sbd item items.csv
  scratchbird export shop.sbd "select city, count(*) from customer group by city" - --format json
  scratchbird export postgres://postgres@localhost/postgres app.visits visits.parquet`,
  options: {
    format: { type: 'string' },
    delimiter: { type: 'string' },
    'no-header': { type: 'boolean' },
    null: { type: 'string' },
  },
  positionals: ['DATABASE', 'WHAT', 'FILE?'],
  async run(given) {
    const [place, what, file = '-'] = given.positionals;
    const format = formatOf(given, file);
    const target = await openTarget(place, { create: false });
    const start = performance.now();
    const progress = progressOf(`exporting ${what}`, 'rows', given.isQuiet);
    try {
      const { rows, bytes } = await exported(target, queryOf(what), file, format, given, progress);
      progress.end();
      const seconds = (performance.now() - start) / 1000;
      const text = `${rows.toLocaleString('en')} rows, ${bytes.toLocaleString('en')} bytes in ${seconds.toFixed(1)} s`;
      reportAside(given, { rows, bytes, seconds: Number(seconds.toFixed(3)) }, text);
    } finally {
      progress.end();
      await target.close();
    }
    return 0;
  },
};

const queryOf = (what: string): string =>
  /^\s*(select|with|values|table|\()/i.test(what) ? what.replace(/;\s*$/, '') : `select * from ${what}`;

function formatOf({ values }: Given, file: string): string {
  const format = (values.format as string | undefined) ?? FORMATS[extname(file).toLowerCase()] ?? 'csv';
  if (!['csv', 'tsv', 'json', 'parquet'].includes(format))
    throw new CommandError(`there is no format ${format}`, '--format csv, tsv, json or parquet');
  if (format === 'parquet' && file === '-')
    throw new CommandError('a Parquet file is written from the front and the end', 'name a file');
  return format;
}

interface Figures {
  readonly rows: number;
  readonly bytes: number;
}

async function exported(
  target: Target,
  query: string,
  file: string,
  format: string,
  given: Given,
  progress: Progress,
): Promise<Figures> {
  if (format === 'parquet') return (await import('./export-parquet.ts')).writeParquet(target, query, file, progress);
  const figures = { rows: 0, bytes: 0 };
  const pieces =
    format === 'json'
      ? jsonLines(target.copyOut(`copy (select row_to_json(q)::text from (${query}) q) to stdout`))
      : target.copyOut(`copy (${query}) to stdout ${csvOptions(format, given)}`);
  const hasHeader = format !== 'json' && given.values['no-header'] !== true;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      // Lines: one more than rows where a value has a line of its own.
      for (let at = piece.indexOf(LF); at >= 0; at = piece.indexOf(LF, at + 1)) figures.rows++;
      figures.bytes += piece.length;
      progress.tell(figures.bytes, 0, figures.rows);
      yield piece;
    }
  }
  // The standard output stays open for what follows.
  if (file === '-') await pipeline(Readable.from(counted()), given.output.out, { end: false });
  else await pipeline(Readable.from(counted()), createWriteStream(file));
  return { rows: figures.rows - (hasHeader ? 1 : 0), bytes: figures.bytes };
}

function csvOptions(format: string, { values }: Given): string {
  const delimiter = format === 'tsv' ? '\t' : ((values.delimiter as string | undefined) ?? ',');
  const words = ['format csv', `delimiter ${delimiter === '\t' || delimiter === '\\t' ? "E'\\t'" : literal(delimiter)}`];
  if (values['no-header'] !== true) words.push('header true');
  if (values.null !== undefined) words.push(`null ${literal(values.null as string)}`);
  return `with (${words.join(', ')})`;
}

/** COPY doubles backslashes; there is nothing else in a line of JSON that it changes. */
async function* jsonLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isSecond = false;
  for await (const piece of pieces) {
    if (!isSecond && !piece.includes(BACKSLASH)) {
      yield piece;
      continue;
    }
    const single = Buffer.allocUnsafe(piece.length);
    let to = 0;
    for (const byte of piece) {
      if (isSecond || byte !== BACKSLASH) {
        single[to++] = byte;
        isSecond = false;
      } else isSecond = true;
    }
    yield single.subarray(0, to);
  }
}
