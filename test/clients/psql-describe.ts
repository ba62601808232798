/**
 * psql's \d and its kin: what the real psql prints of this server is what psql 15 printed of PostgreSQL 15
 * (shared/corpora/introspection; skipped where that is absent).
 */

import { deepEqual } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place, Step } from './place.ts';
import { program } from './psql.ts';

const corpus = ['../../../shared', '../../shared']
  .map((place) => join(import.meta.dirname, place, 'corpora/introspection/postgresql'))
  .find((place) => existsSync(place));

/** Commands whose output is another one, and why. */
const OTHERS: { readonly [why: string]: readonly string[] } = {
  'materialised views are for the breadth issue': ['\\d+ reporting.cust_mv', '\\dm reporting.*'],
  'queries are written in one line': ['\\sv reporting.order_totals'],
};

/** Triggers and what is in PL/pgSQL are for the breadth issue: lines of them are left out, all others are compared. */
const LEFT_OUT: { readonly [command: string]: RegExp } = {
  '\\d+ app.orders': /^Triggers:|orders_touch/,
  '\\df app.*': /^ app +\| (noop|touch) /,
  '\\df+ app.*': /^ app +\| (noop|touch) /,
  '\\dx': /plpgsql/,
  '\\dL': /plpgsql/,
  // Sizes in pages are as object numbers are.
  '\\dt+ app.*': /^$/,
  '\\di+ app.*': /^$/,
};

/** Output without some lines, with the widths of columns, how many lines there are and sizes left out. */
const compared = (output: string, left: RegExp): string[] =>
  output
    .split('\n')
    .filter((line) => !left.test(line) && !/^\(\d+ rows?\)$/.test(line))
    .map((line) =>
      line
        .replace(/-{2,}/g, '-')
        .replace(/ +/g, ' ')
        .replace(/\b\d+ (bytes|kB)/g, 'size')
        .trimEnd(),
    );

function outputs(text: string): Map<string, string> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('=== ')) {
      lines = [];
      found.set(line.slice(4), lines);
    } else lines.push(line.trimEnd().replace(/^(?:\w+|psql)(?::[^ ]*)? error: /, ''));
  }
  return new Map([...found].map(([command, all]) => [command, all.join('\n').trim()]));
}

export async function suite(place: Place, step: Step): Promise<void> {
  if (corpus === undefined) return;
  const file = (name: string): string => join(corpus, name);
  // Errors go where the output goes: what psql says of a command stands behind that command.
  const psql = (input: string): string => program(place, 'sh', ['-c', 'exec psql -X 2>&1'], input).text;
  await step("\\d and its kin are psql 15's", async () => {
    const expected = outputs(readFileSync(file('expected/psql-15.txt'), 'utf8'));
    const others = new Set(Object.values(OTHERS).flat());
    const commands = [...expected.keys()].filter((command) => !others.has(command));
    psql(`\\i '${file('schema.sql')}'\ncreate extension "uuid-ossp";`);
    try {
      const given = outputs(psql(commands.map((one) => `\\echo === '${one.replaceAll('\\', '\\\\')}'\n${one}`).join('\n')));
      for (const command of commands) {
        const [own, wanted] = [given.get(command) ?? '', expected.get(command) ?? ''];
        const left = LEFT_OUT[command];
        if (left === undefined) deepEqual(own, wanted, command);
        else deepEqual(compared(own, left), compared(wanted, left), command);
      }
    } finally {
      psql(
        'drop schema app cascade; drop schema reporting cascade; drop role app_reader; drop table posts, users cascade; drop extension "uuid-ossp";',
      );
    }
  });
}
