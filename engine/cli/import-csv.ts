/** CSV files: COPY reads them as they are; only their beginning is looked at here, for names and types. */

import { CommandError } from './command-error.ts';
import { Guess } from './infer.ts';
import type { FileColumn, ImportSource, Input, ReadOptions } from './import-source.ts';
import { literal } from './target.ts';

const SAMPLE_BYTES = 1 << 20;
const DELIMITERS = [',', '\t', ';', '|'];
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

interface Field {
  readonly text: string;
  readonly isQuoted: boolean;
}

export async function readCsv(input: Input, options: ReadOptions): Promise<ImportSource> {
  const first = await input.beginning(SAMPLE_BYTES);
  const hasBom = first.subarray(0, 3).equals(BOM);
  const isWhole = first.length < SAMPLE_BYTES || first.length === input.size;
  const text = first.toString(options.encoding === undefined ? 'utf8' : 'latin1').slice(hasBom ? 1 : 0);
  const delimiter = options.delimiter ?? delimiterOf(text, input.name);
  const lines = recordsOf(text, delimiter);
  // The last one may be cut off.
  if (!isWhole) lines.pop();
  if (lines.length === 0) throw new CommandError(`${input.name} holds no rows`, 'it should begin with a line of column names');
  const columns = columnsOf(lines, options);
  const words = [
    'format csv',
    `delimiter ${delimiter === '\t' ? "E'\\t'" : literal(delimiter)}`,
    ...(options.hasHeader ? ['header true'] : []),
    ...(options.nullText === '' ? [] : [`null ${literal(options.nullText)}`]),
    ...(options.encoding === undefined ? [] : [`encoding ${literal(options.encoding)}`]),
  ];
  return {
    columns,
    copyOptions: `with (${words.join(', ')})`,
    async *rows() {
      let isFirst = true;
      for await (const piece of input.pieces()) {
        yield isFirst && hasBom ? piece.subarray(3) : piece;
        isFirst = false;
      }
    },
  };
}

/** The one that the first line has most of. */
function delimiterOf(text: string, name: string): string {
  if (name.endsWith('.tsv')) return '\t';
  const line = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1);
  const counts = DELIMITERS.map((one) => line.split(one).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))];
}

/** Records of a text: quotes as CSV has them. */
function recordsOf(text: string, delimiter: string): Field[][] {
  const records: Field[][] = [];
  let record: Field[] = [];
  for (let at = 0; at < text.length; ) {
    let value = '';
    const isQuoted = text[at] === '"';
    if (isQuoted) {
      for (at++; at < text.length; at++) {
        if (text[at] !== '"') value += text[at];
        else if (text[at + 1] === '"') value += text[at++];
        else break;
      }
      at++;
    } else {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
      value = text.slice(start, at);
    }
    record.push({ text: value, isQuoted });
    if (text[at] === delimiter && at + 1 < text.length) {
      at++;
      continue;
    }
    if (text[at] === delimiter) record.push({ text: '', isQuoted: false });
    while (at < text.length && text[at] !== '\n') at++;
    at++;
    records.push(record);
    record = [];
  }
  return records;
}

function columnsOf(lines: readonly (readonly Field[])[], { hasHeader, nullText }: ReadOptions): FileColumn[] {
  const [head] = lines;
  const guesses = head.map(() => new Guess());
  for (const line of hasHeader ? lines.slice(1) : lines) {
    for (let index = 0; index < guesses.length && index < line.length; index++) {
      const { text, isQuoted } = line[index];
      if (isQuoted || text !== nullText) guesses[index].text(text);
    }
  }
  return head.map(({ text }, index) => ({ name: hasHeader ? text : `column_${index + 1}`, type: guesses[index].type }));
}
