/** A story written by hand: statements with `;` at the end of their lines, over the tables ta and tb. */

import type { PGlite } from '@electric-sql/pglite';
import { define, type Step } from './step.ts';
import { type Failure, newTally, Teller } from './story.ts';
import { tree } from './tree.ts';

const TABLES = ['ta', 'tb'];

function stepOf(text: string): Step {
  const table = TABLES.find((name) => new RegExp(`\\b${name}\\b`).test(text)) ?? TABLES[0];
  const made = define(table, tree('', text));
  const [word] = text.split(/\s/);
  if (['create', 'drop', 'analyze', 'truncate'].includes(word)) return made;
  const isQuery = word === 'select' || word === 'values';
  return { ...made, kind: isQuery ? 'query' : 'change', isOrdered: /\border by\b/.test(text) };
}

/** Through generated code, direct evaluation and PostgreSQL; null: they agree. */
export function toldBy(script: string, peer: PGlite): Promise<Failure | null> {
  const steps = script
    .split(/;\s*\n/)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(stepOf);
  return new Teller(peer, newTally()).tell({ seed: 0, tables: TABLES, steps });
}
