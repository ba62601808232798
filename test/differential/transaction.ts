/** Transactions of a story: what begins, what ends, and what the direct evaluator goes back to. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { type Step, step } from './step.ts';
import type { Direct } from './subject.ts';
import { tree } from './tree.ts';

const transact = (text: string): Step => step('transact', '', tree('', text));

const BEGINNINGS = [
  'begin',
  'begin',
  'start transaction',
  'begin isolation level repeatable read',
  'begin isolation level serializable',
];

/** From BEGIN to the end, with savepoints; `data` gives queries and changes. */
export function randomTransaction(random: Random, data: () => Step): Step[] {
  const steps: Step[] = [transact(pick(random, BEGINNINGS))];
  const names: string[] = [];
  for (let left = 2 + Math.floor(random() * 8); left > 0; left--) {
    const draw = random();
    if (draw < 0.2) {
      names.push(pick(random, ['s0', 's1', 's2']));
      steps.push(transact(`savepoint ${names[names.length - 1]}`));
    } else if (draw < 0.35 && names.length > 0) {
      const name = pick(random, names);
      steps.push(transact(`rollback to ${name}`));
      names.length = names.lastIndexOf(name) + 1;
    } else if (draw < 0.42 && names.length > 0) {
      const name = pick(random, names);
      steps.push(transact(`release ${name}`));
      names.length = names.lastIndexOf(name);
    } else steps.push(data());
  }
  steps.push(transact(pick(random, ['commit', 'commit', 'rollback', 'end'])));
  return steps;
}

export class Transaction {
  /** From outside to inside; the name of the transaction itself is ''. */
  readonly #levels: { readonly name: string; readonly restore: () => void }[] = [];

  get isOpen(): boolean {
    return this.#levels.length > 0;
  }

  /** What a statement that went well means for the direct evaluator. */
  follow(text: string, { database }: Direct): void {
    const [word, to, name] = text.split(' ');
    const levels = this.#levels;
    switch (word) {
      case 'begin':
      case 'start':
        if (levels.length === 0) levels.push({ name: '', restore: database.snapshot() });
        return;
      case 'savepoint':
        levels.push({ name: to, restore: database.snapshot() });
        return;
      case 'release':
        levels.length = levels.findLastIndex((level) => level.name === to);
        return;
      case 'rollback': {
        const at = to === undefined ? 0 : levels.findLastIndex((level) => level.name === name);
        levels[at]?.restore();
        levels.length = to === undefined ? 0 : at + 1;
        return;
      }
      default:
        levels.length = 0;
    }
  }
}
