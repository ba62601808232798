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
  'PL/pgSQL and triggers are for the breadth issue': ['\\d+ app.orders', '\\df app.*', '\\df+ app.*', '\\dx', '\\dL'],
  'how many pages something takes is as object numbers are': ['\\dt+ app.*', '\\di+ app.*'],
  'queries are written in one line': ['\\sv reporting.order_totals'],
};

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
    psql(`\\i '${file('schema.sql')}'`);
    try {
      const given = outputs(psql(commands.map((one) => `\\echo === '${one.replaceAll('\\', '\\\\')}'\n${one}`).join('\n')));
      for (const command of commands) deepEqual(given.get(command), expected.get(command), command);
    } finally {
      psql('drop schema app cascade; drop schema reporting cascade; drop role app_reader; drop table posts, users cascade;');
    }
  });
}
