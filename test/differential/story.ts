/**
 * A story: tables, and statements over them, run by all that we compare, step by step. The first difference is what went wrong; a story
 * that fails is made smaller as long as it fails in the same way.
 */

import type { PGlite } from '@electric-sql/pglite';
import { type Database, open } from '../../engine/api/api.ts';
import { randomFrom } from '../../engine/sblr/source-fixture.ts';
import { randomTable } from './random-schema.ts';
import { Statements } from './random-statements.ts';
import { define, type Step } from './step.ts';
import { type Answer, Direct, type Format, runPeer, runPeerWithin, Subject, type Text } from './subject.ts';
import { randomTransaction, Transaction } from './transaction.ts';
import { smaller, withLiterals, withParameters } from './tree.ts';

export interface Story {
  readonly seed: number;
  readonly tables: readonly string[];
  readonly steps: readonly Step[];
}

/** Counts over all stories. */
export interface Tally {
  statements: number;
  runs: number;
  rows: number;
  errors: number;
  /** Both or one failed in what data allow, and the order of evaluation decides. */
  undecided: number;
  /** Stories that end because of something that is clearly refused. */
  refused: number;
  readonly codes: Map<string, number>;
}

export const newTally = (): Tally => ({ statements: 0, runs: 0, rows: 0, errors: 0, undecided: 0, refused: 0, codes: new Map() });

export function randomStory(seed: number, length: number): Story {
  const random = randomFrom(seed);
  const statements = new Statements(random);
  const steps: Step[] = [];
  const made = ['ta', 'tb'].map((name) => randomTable(random, name));
  for (const { table, create } of made) {
    steps.push(define(table.name, create));
    for (let at = 0; at < 2; at++) if (random() < 0.5) steps.push(statements.index(table));
    for (let at = 0; at < 6; at++) steps.push(statements.insert(table, 8));
    for (let at = 0; at < 2; at++) if (random() < 0.4) steps.push(statements.index(table));
    if (random() < 0.5)
      steps.push(define(table.name, { type: '', parts: [`analyze ${table.name}`], value: null, optional: false }));
  }
  while (steps.length < length) {
    if (random() < 0.04) {
      steps.push(...randomTransaction(random, () => statements.data(made[random() < 0.7 ? 0 : 1].table)));
      continue;
    }
    const old = random() < 0.15 ? steps[Math.floor(random() * steps.length)] : undefined;
    if (old !== undefined && (old.kind === 'query' || old.kind === 'change')) {
      const one = made.find(({ table }) => table.name === old.table) ?? made[0];
      steps.push(statements.again(old, one.table));
    } else steps.push(statements.any(made[random() < 0.7 ? 0 : 1].table));
  }
  return { seed, tables: made.map(({ table }) => table.name), steps };
}

/** What went wrong, at which step; null: nothing. */
export interface Failure {
  readonly at: number;
  readonly why: string;
  /** The same in few words: smaller stories must fail like this. */
  readonly kind: string;
}

/** Ours says that it does not do something which PostgreSQL does: the story ends. */
class Refused extends Error {}

class Different extends Error {
  readonly kind: string;

  constructor(kind: string, text: string, left: Answer, right: Answer) {
    super(`${kind}\n  ${text}\n  ${show(left)}\n  ${show(right)}`);
    this.kind = kind;
  }
}

const show = ({ error, columns, rows, changes }: Answer): string =>
  error !== null ? `error ${error}` : `${changes} changes, ${columns.join(' ')}: ${JSON.stringify(rows).slice(0, 3000)}`;

const looseScale = (text: string | null): string | null =>
  text !== null && /^-?\d+\.\d*0$/.test(text) ? text.replace(/\.?0+$/, '') : text;

function sameRows(left: Answer, right: Answer, { isOrdered, onlyCount, looseScale: isLoose }: Step): boolean {
  if (left.rows.length !== right.rows.length) return false;
  if (onlyCount) return true;
  const lines = ({ rows }: Answer): string[] => {
    const all = rows.map((row) => JSON.stringify(isLoose ? row.map(looseScale) : row));
    return isOrdered ? all : all.sort();
  };
  const [a, b] = [lines(left), lines(right)];
  return a.every((line, at) => line === b[at]);
}

/** Errors that data cause: which row or operand is looked at first decides which one comes (SBLR-E4). */
const ofData = (code: string | null): boolean => code === '21000' || (code !== null && /^2[23]/.test(code));

export class Teller {
  readonly #peer: PGlite | null;
  readonly tally: Tally;
  #transaction = new Transaction();
  /** Those that are there. */
  readonly #tables = new Set<string>();

  constructor(peer: PGlite | null, tally: Tally) {
    this.#peer = peer;
    this.tally = tally;
  }

  /** Runs all steps. Faults that are no SqlError are failures too. */
  async tell(story: Story): Promise<Failure | null> {
    const db = open(':memory:', { pool: 0, times: 'text', json: 'text', cacheSize: '16MB' });
    const failure = await this.toldBy(db, story);
    try {
      db.close();
    } catch (error) {
      return failure ?? { at: story.steps.length - 1, why: `closing: ${(error as Error).stack}`, kind: `closing: ${error}` };
    }
    return failure;
  }

  private async toldBy(db: Database, { tables, steps }: Story): Promise<Failure | null> {
    this.#transaction = new Transaction();
    this.#tables.clear();
    await this.#peer?.exec('rollback');
    if (this.#peer !== null) for (const name of tables) await this.#peer.exec(`drop table if exists ${name}`);
    let at = 0;
    try {
      db.exec("set time zone 'UTC'");
      const subject = new Subject(db);
      const direct = new Direct(db);
      for (; at < steps.length; at++) await this.step(subject, direct, steps[at], at);
      if (this.#transaction.isOpen) db.exec('rollback');
      const { problems } = db.check() as unknown as { problems?: readonly unknown[] };
      if (problems !== undefined && problems.length > 0) return { at: at - 1, why: JSON.stringify(problems), kind: 'check' };
      return null;
    } catch (error) {
      if (error instanceof Refused) {
        this.tally.refused++;
        return null;
      }
      const kind = error instanceof Different ? error.kind : `fault ${String((error as Error).cause ?? error).split('\n')[0]}`;
      const stack = error instanceof Different ? '' : `\n${(((error as Error).cause as Error) ?? (error as Error)).stack}`;
      return { at, why: (error as Error).message + stack, kind: error instanceof Different ? kind : kind.replace(/\d+/g, 'n') };
    }
  }

  private async step(subject: Subject, direct: Direct, step: Step, at: number): Promise<void> {
    this.tally.statements++;
    if (step.kind === 'define') return this.define(subject, direct, step);
    if (step.kind === 'transact') return this.transact(subject, direct, step);
    const plain: Text = { text: withLiterals(step.text), values: [] };
    const withSlots = withParameters(step.text);
    if (step.kind === 'query') {
      const first = this.compare(subject, direct, step, plain, at % 2 === 0 ? 'array' : 'object', at);
      const second = this.compare(subject, direct, step, withSlots, at % 2 === 0 ? 'object' : 'array', at + 1);
      this.same('literals and parameters differ', withSlots.text, step, first, second);
      return this.comparePeer(step, at % 3 === 0 ? withSlots : plain, first);
    }
    // A change is made once; before, it is made and rolled back in another way.
    const [text, other] = at % 2 === 0 ? [plain, withSlots] : [withSlots, plain];
    let before: Answer | null = null;
    if (!step.draws && at % 3 === 0) {
      const format = at % 2 === 0 ? 'array' : 'object';
      before = subject.inRollback(() => subject.run(other, format), this.#transaction.isOpen);
    }
    const answer = this.compare(subject, direct, step, text, at % 4 < 2 ? 'array' : 'object', 0);
    if (before !== null) this.same('literals and parameters differ', text.text, step, answer, before);
    await this.comparePeer(step, text, answer);
    if (step.draws && answer.error !== null) await this.alignSequences(subject, direct, step.table, 300 + at * 10);
    await this.contents(subject, direct, step.table, text.text);
  }

  /** How many values a statement has drawn before it failed is nobody's business. */
  private async alignSequences(subject: Subject, direct: Direct, table: string, next: number): Promise<void> {
    const text = `select setval('${table}_id_seq', ${next}, false)`;
    subject.define(text);
    direct.setSequence(table, next);
    if (this.#peer !== null) await this.#peer.exec(text);
  }

  private compare(subject: Subject, direct: Direct, step: Step, text: Text, format: Format, at: number): Answer {
    const answer = this.#transaction.isOpen ? subject.runWithin(text, format) : subject.run(text, format);
    this.tally.runs++;
    this.tally.rows += answer.rows.length;
    if (answer.error !== null) {
      this.tally.errors++;
      this.tally.codes.set(answer.error, (this.tally.codes.get(answer.error) ?? 0) + 1);
    }
    // Every other run of a query: the evaluator takes its time.
    if (at % 2 === 0) this.same('generated code and direct evaluation differ', text.text, step, answer, direct.run(text));
    return answer;
  }

  private async comparePeer(step: Step, text: Text, answer: Answer): Promise<void> {
    if (this.#peer === null) return;
    const run = this.#transaction.isOpen ? runPeerWithin : runPeer;
    this.same('PostgreSQL differs', text.text, step, answer, await run(this.#peer, text));
  }

  private async transact(subject: Subject, direct: Direct, step: Step): Promise<void> {
    const text = withLiterals(step.text);
    const answer = subject.define(text);
    if (answer.error === null) this.#transaction.follow(text, direct);
    if (this.#peer !== null) this.same('PostgreSQL differs', text, step, answer, await runPeer(this.#peer, { text, values: [] }));
    // Outside of a transaction it fails, within one that fails with it.
    if (answer.error !== null && this.#transaction.isOpen) {
      subject.define('rollback');
      await this.#peer?.exec('rollback');
      this.#transaction.follow('rollback', direct);
    }
    for (const table of this.#tables) await this.contents(subject, direct, table, text);
  }

  private same(kind: string, text: string, step: Step, left: Answer, right: Answer): void {
    if (left.error !== null || right.error !== null) {
      if (left.error === right.error) return;
      const either = ({ error, changes }: Answer): boolean =>
        ofData(error) || (error === null && (step.kind === 'query' || changes === 0));
      if (either(left) && either(right)) {
        this.tally.undecided++;
        return;
      }
      // Which conditions of a WHERE are looked at first is nobody's business; where rows differ by it, the story ends. The direct
      // evaluator takes them as they stand: what it answers, generated code does not refuse.
      const [failed, other] = left.error === null ? [right, left] : [left, right];
      const unasked = / where /.test(text) && ofData(failed.error) && other.error === null;
      if (unasked && (failed === right || !kind.startsWith('generated'))) throw new Refused();
      if (left.error === '0A000' || right.error === '0A000') throw new Refused();
      throw new Different(`${kind}: ${left.error} ${right.error}`, text, left, right);
    }
    if (left.columns.join() !== right.columns.join()) throw new Different(`${kind}: columns`, text, left, right);
    if (left.changes !== right.changes) throw new Different(`${kind}: changes`, text, left, right);
    if (!sameRows(left, right, step)) throw new Different(`${kind}: rows`, text, left, right);
  }

  private async define(subject: Subject, direct: Direct, step: Step): Promise<void> {
    const text = withLiterals(step.text);
    const answer = subject.define(text);
    if (answer.error === null) {
      if (/^create table/.test(text)) {
        this.#tables.add(step.table);
        direct.create(step.table);
      } else direct.alter(step.table, /^truncate/.test(text));
    }
    if (this.#peer !== null) this.same('PostgreSQL differs', text, step, answer, await runPeer(this.#peer, { text, values: [] }));
    await this.contents(subject, direct, step.table, text);
  }

  /** All rows of the table, after a change. */
  private async contents(subject: Subject, direct: Direct, table: string, after: string): Promise<void> {
    const text: Text = { text: `select * from ${table}`, values: [] };
    const step = define(table, { type: '', parts: [], value: null, optional: false });
    const answer = subject.run(text, 'array');
    this.same('contents of generated code and direct evaluation differ', after, step, answer, direct.run(text));
    if (this.#peer !== null) this.same('contents differ from PostgreSQL', after, step, answer, await runPeer(this.#peer, text));
  }
}

/** The script of a story, for people. */
export const scriptOf = (story: Story): string => story.steps.map(({ text }) => `${withLiterals(text)};`).join('\n');

/** A story that fails in the same way and is as small as it gets within the time. */
export async function shrink(story: Story, failure: Failure, peer: PGlite | null, budget: number): Promise<[Story, Failure]> {
  const end = performance.now() + budget;
  let best: [Story, Failure] = [{ ...story, steps: story.steps.slice(0, failure.at + 1) }, failure];
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    const next: Story = { ...story, steps };
    const failed = await new Teller(peer, newTally()).tell(next);
    if (failed === null || failed.kind !== failure.kind) return false;
    best = [{ ...next, steps: steps.slice(0, failed.at + 1) }, failed];
    return true;
  };
  for (let size = Math.ceil(best[0].steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best[0].steps.length - 1 - size; from > -size && performance.now() < end; from -= size) {
      const { steps } = best[0];
      await attempt(steps.filter((_, at) => at < from || at >= from + size || at === steps.length - 1));
    }
  }
  for (let at = best[0].steps.length - 1; at >= 0 && performance.now() < end; at--) await shrinkStep(at);
  return best;

  async function shrinkStep(at: number): Promise<void> {
    for (let found = true; found && performance.now() < end; ) {
      found = false;
      const { steps } = best[0];
      if (at >= steps.length) return;
      for (const text of smaller(steps[at].text)) {
        if (performance.now() >= end) return;
        if (await attempt(steps.map((step, index) => (index === at ? { ...step, text } : step)))) {
          found = true;
          break;
        }
      }
    }
  }
}
