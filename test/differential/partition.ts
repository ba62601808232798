/**
 * SQLancer's ideas: queries whose answers are known from those of other queries, each asked of PostgreSQL (PGlite) as well.
 *
 *   partitioning   rows of a query = its rows where p + where not p + where p is null (TLP), as rows and as counts
 *   pivoted row    the row that was drawn is among those where p is what it is for that row (PQS)
 *   counting       where p gives as many rows as there are for which p, computed for every row, is true (NoREC: the plan off)
 */

import type { PGlite } from '@electric-sql/pglite';
import type { Question } from './random-questions.ts';
import { type Answer, runPeer, type Subject } from './subject.ts';

export interface PartitionTally {
  queries: number;
  rows: number;
  errors: number;
  /** Errors of data, which one side meets and the other need not (SBLR-E4). */
  undecided: number;
  refused: number;
}

export const newPartitionTally = (): PartitionTally => ({ queries: 0, rows: 0, errors: 0, undecided: 0, refused: 0 });

const ofData = (code: string | null): boolean => code === '21000' || (code !== null && /^2[23]/.test(code));

/** What is wrong, in words. */
export class Wrong extends Error {}

const bag = ({ rows }: Answer): string[] => rows.map((row) => JSON.stringify(row)).sort();
const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((row, at) => row === b[at]);
const short = (rows: readonly string[]): string => `${rows.length} rows: ${rows.slice(0, 30).join(' ')}`;

export class Asker {
  readonly #subject: Subject;
  readonly #peer: PGlite;
  readonly tally: PartitionTally;

  constructor(subject: Subject, peer: PGlite, tally: PartitionTally) {
    this.#subject = subject;
    this.#peer = peer;
    this.tally = tally;
  }

  /** Our answer, which is PostgreSQL's; null: an error. */
  async #ask(text: string): Promise<Answer | null> {
    const { tally } = this;
    tally.queries++;
    const ours = this.#subject.run({ text, values: [] }, tally.queries % 2 === 0 ? 'array' : 'object');
    const theirs = await runPeer(this.#peer, { text, values: [] });
    if (ours.error !== null || theirs.error !== null) {
      tally.errors++;
      if (ours.error === theirs.error) return null;
      const either = ({ error }: Answer): boolean => error === null || ofData(error);
      // Infinity as an integer is 0A000 there.
      if (either(ours) && (either(theirs) || theirs.error === '0A000')) tally.undecided++;
      else if (ours.error === '0A000') tally.refused++;
      else throw new Wrong(`${text}\n  ours ${ours.error}, PostgreSQL ${theirs.error}`);
      return null;
    }
    tally.rows += ours.rows.length;
    const [a, b] = [bag(ours), bag(theirs)];
    if (!same(a, b)) throw new Wrong(`${text}\n  ours ${short(a)}\n  PostgreSQL ${short(b)}`);
    return ours;
  }

  async about(question: Question, draw: number): Promise<void> {
    const { from, ids, condition } = question;
    const list = ids.map((id, at) => `${id} as k${at}`).join(', ');
    const whole = await this.#ask(`select ${list} from ${from}`);
    const parts = [`(${condition})`, `not (${condition})`, `(${condition}) is null`];
    const answers: Answer[] = [];
    for (const part of parts) {
      const answer = await this.#ask(`select ${list} from ${from} where ${part}`);
      if (answer !== null) answers.push(answer);
    }
    if (whole === null || answers.length < parts.length) return;
    const all = answers.flatMap(bag).sort();
    if (!same(bag(whole), all)) throw new Wrong(`partitions of ${from} by ${condition}\n  ${short(bag(whole))}\n  ${short(all)}`);
    await this.#counted(question, answers);
    await this.#pivoted(question, whole, parts, draw);
  }

  async #counted({ from, condition }: Question, answers: readonly Answer[]): Promise<void> {
    const values = await this.#ask(
      `select count(*) filter (where v) as a, count(*) filter (where not v) as b, count(*) - count(v) as c from (select (${condition}) as v from ${from} offset 0) as x`,
    );
    const plain = await this.#ask(`select count(*) as a from ${from} where ${condition}`);
    const counts = answers.map(({ rows }) => String(rows.length));
    if (values !== null && !same(values.rows[0].map(String), counts))
      throw new Wrong(`counts of ${from} by ${condition}: ${values.rows[0]} and ${counts}`);
    if (plain !== null && plain.rows[0][0] !== counts[0])
      throw new Wrong(`count of ${from} where ${condition}: ${plain.rows[0]} and ${counts[0]}`);
  }

  async #pivoted({ from, ids, condition }: Question, whole: Answer, parts: readonly string[], draw: number): Promise<void> {
    if (whole.rows.length === 0) return;
    const pivot = whole.rows[Math.floor(draw * whole.rows.length)];
    const named = ids.map((id, at) => (pivot[at] === null ? `${id} is null` : `${id} = '${pivot[at]}'`)).join(' and ');
    const value = await this.#ask(`select distinct (${condition}) as v from ${from} where ${named}`);
    // Rows of one name may differ where a name is NULL.
    if (value === null || value.rows.length !== 1) return;
    const [[is]] = value.rows;
    const part = parts[is === 't' ? 0 : is === 'f' ? 1 : 2];
    const found = await this.#ask(
      `select ${ids.map((id, at) => `${id} as k${at}`).join(', ')} from ${from} where ${part} and ${named}`,
    );
    if (found !== null && !found.rows.some((row) => JSON.stringify(row) === JSON.stringify(pivot)))
      throw new Wrong(`the row ${JSON.stringify(pivot)} of ${from} is not found where ${part}`);
  }
}
