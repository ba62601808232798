/** Results as text: aligned like psql, expanded, CSV, JSON. */

import { jsonOf } from './json-value.ts';
import type { TargetColumn, TextRow } from './target.ts';

/** What is shown: names, and rows of values in their order. */
export interface Sheet {
  readonly columns: readonly TargetColumn[];
  readonly rows: readonly TextRow[];
  /** Stands above the table. */
  readonly title?: string;
  /** Stands below it instead of the number of rows. */
  readonly footer?: readonly string[];
}

export type OutputFormat = 'aligned' | 'csv' | 'json';

const NUMBERS = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid', 'money']);

/** Columns that a character takes on a terminal: wide ones of East Asia and emoji take two, marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (/\p{Mn}/u.test(character)) continue;
    const wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3);
    const wider = (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60);
    width += wide || wider || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd) ? 2 : 1;
  }
  return width;
}

const padded = (text: string, width: number, toRight: boolean): string => {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return toRight ? blanks + text : text + blanks;
};

/** Control characters would move the terminal's cursor: they are shown by their escapes. */
const harmless = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (found) => `\\x${(found.codePointAt(0) as number).toString(16).padStart(2, '0')}`);

function aligned({ columns, rows, title, footer }: Sheet, nullText: string): string {
  const cells = rows.map((row) => row.map((value) => harmless(value ?? nullText).split('\n')));
  const widths = columns.map(({ name }, at) =>
    cells.reduce((width, row) => row[at].reduce((most, text) => Math.max(most, displayWidth(text)), width), displayWidth(name)),
  );
  const line = (parts: readonly string[]): string => ` ${parts.join(' | ')}`.trimEnd();
  const head = columns.map(({ name }, at) => {
    const left = Math.floor((widths[at] - displayWidth(name)) / 2);
    return padded(' '.repeat(left) + name, widths[at], false);
  });
  const body = cells.flatMap((row) => {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, n) =>
      line(row.map((cell, at) => padded(cell[n] ?? '', widths[at], NUMBERS.has(columns[at].type)))),
    );
  });
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+');
  const above = title === undefined ? [] : [' '.repeat(Math.max(0, Math.floor((rule.length - title.length) / 2))) + title];
  return [...above, line(head), rule, ...body, ...(footer ?? [countLine(rows.length)])].join('\n');
}

const countLine = (rows: number): string => `(${rows} row${rows === 1 ? '' : 's'})`;

function expanded({ columns, rows }: Sheet, nullText: string): string {
  const width = Math.max(0, ...columns.map(({ name }) => displayWidth(name)));
  const records = rows.flatMap((row, n) => [
    `-[ RECORD ${n + 1} ]${'-'.repeat(Math.max(0, width - 8))}`,
    ...columns.map(({ name }, at) => `${padded(name, width, false)} | ${harmless(row[at] ?? nullText)}`),
  ]);
  return [...records, countLine(rows.length)].join('\n');
}

const csvField = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csv({ columns, rows }: Sheet, nullText: string): string {
  const lines = rows.map((row) => row.map((value) => csvField(value ?? nullText)).join(','));
  return [columns.map(({ name }) => csvField(name)).join(','), ...lines].join('\n');
}

/** One object a row and line. */
const json = ({ columns, rows }: Sheet): string =>
  rows
    .map((row) => JSON.stringify(Object.fromEntries(columns.map(({ name, type }, at) => [name, jsonOf(row[at], type)]))))
    .join('\n');

/** The text of a result. */
export function formatSheet(sheet: Sheet, format: OutputFormat, isExpanded: boolean, nullText = ''): string {
  if (format === 'csv') return csv(sheet, nullText);
  if (format === 'json') return json(sheet);
  return isExpanded ? expanded(sheet, nullText) : aligned(sheet, nullText);
}
