/**
 * Planning anew while a statement runs: where what a pipeline has collected is ten times as much as was expected, or a tenth, and no row
 * has been given yet, the statement is planned again with what has been seen. If that is another plan, it runs instead, from the
 * beginning, in the same statement and by the same snapshot.
 *
 *   program.start -> pipeline -> breaker: rows seen? --as expected--> goes on
 *                                         `--far off--> optimize(with what was seen) --same plan--> goes on
 *                                                                                    `--another--> compiled, started, kept for later runs
 *
 * Only for queries of several joins that call nothing volatile: to begin again then has no effect.
 */

import type { BoundModule } from '../sblr/bound.ts';
import type { SqlType } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { shapeOf } from '../plan/optimize/identity.ts';
import { relationIsVolatile } from '../plan/optimize/volatile.ts';
import type { PhysicalNode, PhysicalQuery, PhysicalStatement } from '../plan/physical.ts';
import { inputsOf } from '../plan/physical-tree.ts';
import {
  type Execution,
  type Parameters,
  type Program,
  type Run,
  RUN_FULL,
  RUN_PAUSED,
  RUN_REPLAN,
  type RunStatus,
} from '../plan/program.ts';

/** An estimate that is so many times off is worth another look ... */
const FACTOR = 10;
/** ... where so many rows are expected, or have come. */
const ROWS_MIN = 1000;
/** Plans that one run makes, and that a statement has had made over all its runs. */
const REPLANS_A_RUN = 2;
const REPLANS_MAX = 6;
const JOINS_MIN = 2;

/** Rows that relations were seen to have, by identityOf(). */
export type Observed = ReadonlyMap<string, number>;

const JOINS = new Set(['HashProbe', 'LoopJoin', 'MergeJoin', 'IndexJoin', 'ApplyMemo']);

function joinsIn(node: PhysicalNode): number {
  return inputsOf(node).reduce((sum, input) => sum + joinsIn(input), JOINS.has(node.node) ? 1 : 0);
}

/** Whether a plan of this statement may be left for another one in the midst of a run. */
export function mayReplan({ statement }: BoundModule, plan: PhysicalStatement | null): plan is PhysicalQuery {
  if (plan === null || plan.kind !== 'query' || joinsIn(plan.root) < JOINS_MIN) return false;
  if ((plan.spools ?? []).some(({ change }) => change !== undefined) || locks(plan.root)) return false;
  const query = statement.kind === 'explain' ? statement.statement : statement;
  return query.kind === 'query' && !relationIsVolatile(query.root);
}

const locks = (node: PhysicalNode): boolean => node.node === 'LockRow' || inputsOf(node).some(locks);

/** What making another plan asks of its surroundings. */
export interface Replanning {
  /** Plans with what was seen, and with the values of the run. */
  plan(observed: Observed, parameter: (index: number) => RowValue | undefined): PhysicalQuery;
  compile(plan: PhysicalQuery): Program;
  readonly types: readonly SqlType[];
}

/** A program that may become another one. */
export class ReplanningProgram implements Program {
  #plan: PhysicalQuery;
  #program: Program;
  #replans = 0;
  readonly #with: Replanning;
  readonly writes = false;
  readonly simple = false;
  readonly direct = null;

  constructor(plan: PhysicalQuery, program: Program, replanning: Replanning) {
    this.#plan = plan;
    this.#program = program;
    this.#with = replanning;
  }

  get output(): Program['output'] {
    return this.#program.output;
  }

  isCurrent(): boolean {
    return this.#program.isCurrent();
  }

  start(run: Run): Execution {
    return new ReplannedExecution(this, this.#program, run);
  }

  get mayReplan(): boolean {
    return this.#replans < REPLANS_MAX;
  }

  /** Another program that is better by what was seen; null: there is none. */
  replanned(observed: Observed, parameters: Parameters): Program | null {
    this.#replans++;
    const { types } = this.#with;
    const plan = this.#with.plan(observed, (index) => givenValue(parameters, index, types[index]));
    if (shapeOf(plan) === shapeOf(this.#plan)) return null;
    this.#plan = plan;
    this.#program = this.#with.compile(plan);
    return this.#program;
  }
}

function givenValue({ nulls, numbers, values }: Parameters, index: number, type: SqlType): RowValue | undefined {
  if (nulls[index] === 1) return null;
  const value = values[index];
  if (value !== undefined) return value;
  return type.name === 'bool' ? numbers[index] !== 0 : numbers[index];
}

class ReplannedExecution implements Execution {
  readonly #program: ReplanningProgram;
  readonly #run: Run;
  readonly #observed = new Map<string, number>();
  #execution: Execution;
  #next: Program | null = null;
  #replans = 0;

  constructor(program: ReplanningProgram, first: Program, run: Run) {
    this.#program = program;
    this.#run = run;
    run.breaker = program.mayReplan ? this.#seen : null;
    this.#execution = first.start(run);
  }

  /** A pipeline is at its end. True: the run is to begin again. */
  #seen = (identity: string, expected: number, rows: number): boolean => {
    this.#observed.set(identity, rows);
    const [least, most] = expected < rows ? [expected, rows] : [rows, expected];
    if (most < ROWS_MIN || most < Math.max(1, least) * FACTOR) return false;
    if (this.#replans >= REPLANS_A_RUN || !this.#program.mayReplan) return false;
    this.#replans++;
    this.#next = this.#program.replanned(this.#observed, this.#run.parameters);
    return this.#next !== null;
  };

  step(): RunStatus {
    let status = this.#execution.step();
    while (status === RUN_REPLAN) {
      this.#execution.close();
      this.#run.counts?.fill(0);
      this.#execution = (this.#next as Program).start(this.#run);
      status = this.#execution.step();
    }
    // From the first row on there is no way back.
    if (status === RUN_FULL || (status === RUN_PAUSED && this.#hasGiven())) this.#run.breaker = null;
    return status;
  }

  #hasGiven(): boolean {
    const { rows, written } = this.#run;
    return rows.length > 0 || (written !== undefined && written > 0);
  }

  close(): void {
    this.#run.breaker = null;
    this.#execution.close();
  }
}
