/**
 * Files of sqllogictest, as far as they concern PostgreSQL: records read from text, results written as the format writes them.
 *
 *   statement ok | statement error          query III rowsort label
 *   SQL                                     SQL
 *                                           ----
 *                                           values, one a line, or: 30 values hashing to <md5>
 */

import { createHash } from 'node:crypto';

export interface LogicRecord {
  readonly line: number;
  readonly kind: 'ok' | 'error' | 'query';
  readonly sql: string;
  /** One letter a column: I, R, T. */
  readonly types: string;
  readonly sort: 'nosort' | 'rowsort' | 'valuesort';
  readonly label: string;
  /** Lines behind ----. */
  readonly expected: readonly string[];
}

const OURS = 'postgresql';

/** True when the conditions before a record leave it out. */
const isLeftOut = (condition: string): boolean => {
  const [word, name] = condition.split(/\s+/);
  return word === 'skipif' ? name === OURS : name !== OURS;
};

/** The records of a file that are for PostgreSQL, and how many are not. */
export function readRecords(text: string): { readonly records: LogicRecord[]; readonly leftOut: number } {
  const records: LogicRecord[] = [];
  let leftOut = 0;
  let line = 1;
  for (const block of text.split('\n\n')) {
    const start = line;
    line += block.split('\n').length + 1;
    const lines = block.split('\n').filter((one) => one !== '' && !one.startsWith('#'));
    const at = lines.findIndex((one) => !/^(skipif|onlyif)\b/.test(one));
    if (at < 0) continue;
    if (lines.slice(0, at).some(isLeftOut)) {
      if (/^(statement|query)/.test(lines[at])) leftOut++;
      continue;
    }
    const [head, ...rest] = lines.slice(at);
    if (head === 'halt') break;
    const [word, types, sort, label] = head.split(/\s+/);
    const rule = rest.indexOf('----');
    const sql = rest.slice(0, rule < 0 ? undefined : rule).join('\n');
    if (word === 'statement') {
      records.push({
        line: start,
        kind: types === 'error' ? 'error' : 'ok',
        sql,
        types: '',
        sort: 'nosort',
        label: '',
        expected: [],
      });
    } else if (word === 'query') {
      records.push({
        line: start,
        kind: 'query',
        sql,
        types,
        sort: (sort ?? 'nosort') as LogicRecord['sort'],
        label: label ?? '',
        expected: rule < 0 ? [] : rest.slice(rule + 1),
      });
    }
  }
  return { records, leftOut };
}

function shown(value: unknown, type: string): string {
  if (value === null) return 'NULL';
  if (type === 'I') {
    const text = value === true ? '1' : value === false ? '0' : String(value);
    // As C's atoi reads it: text that is no number is 0.
    return String(BigInt(/^-?\d+(?=[^e]*$)/.exec(text)?.[0] ?? Math.trunc(Number(text) || 0)));
  }
  if (type === 'R') return Number(value).toFixed(3);
  const text = String(value);
  return text === '' ? '(empty)' : text.replace(/[^ -~]/g, '@');
}

const bytewise = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Rows as the lines that the format compares. */
export function resultLines(rows: readonly (readonly unknown[])[], { types, sort }: LogicRecord): string[] {
  const texts = rows.map((row) => row.map((value, at) => shown(value, types[at])));
  if (sort === 'rowsort')
    texts.sort((a, b) => {
      const at = a.findIndex((value, index) => value !== b[index]);
      return at < 0 ? 0 : bytewise(a[at], b[at]);
    });
  const values = texts.flat();
  return sort === 'valuesort' ? values.sort(bytewise) : values;
}

export const md5Of = (lines: readonly string[]): string =>
  createHash('md5')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');

/** Why the lines are not what the record expects; or null. */
export function mismatch(lines: readonly string[], expected: readonly string[]): string | null {
  const hash = /^(\d+) values hashing to (\w+)$/.exec(expected[0] ?? '');
  if (hash !== null) {
    if (lines.length !== Number(hash[1])) return `${lines.length} values instead of ${hash[1]}`;
    const md5 = md5Of(lines);
    return md5 === hash[2] ? null : `values hash to ${md5} instead of ${hash[2]}`;
  }
  if (lines.length === expected.length && lines.every((line, at) => line === expected[at])) return null;
  return `${JSON.stringify(lines)} instead of ${JSON.stringify(expected)}`;
}
