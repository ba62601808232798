/** EXPLAIN ANALYZE: the statement is compiled once more, with counters, runs to its end, and its plan is shown with what they say. */

import { countedPlan } from '../plan/counted.ts';
import type { PhysicalStatement } from '../plan/physical.ts';
import type { Program } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import type { Engine, UtilityResult } from './engine.ts';
import type { StatementRun } from './run.ts';
import type { Shape } from './shape.ts';
import { runExplain } from './utility.ts';

export class Analysis {
  readonly program: Program;
  readonly counts: Float64Array;
  readonly #plan: PhysicalStatement;
  readonly #start = performance.now();

  constructor(engine: Engine, session: Session, shape: Shape) {
    if (shape.plan === null) throw new Error('EXPLAIN ANALYZE of a statement without a plan');
    const { plan, counters } = countedPlan(shape.plan);
    engine.active = session;
    this.#plan = plan;
    this.counts = new Float64Array(counters);
    this.program = engine.compiler.compile(plan, shape.parts.parameters, 'array', engine.environment);
  }

  /** The plan, after the run. */
  answer(engine: Engine, session: Session, shape: Shape, { changes }: StatementRun): UtilityResult {
    const milliseconds = performance.now() - this.#start;
    return runExplain(engine, session, shape, { plan: this.#plan, actual: { counts: this.counts, changes, milliseconds } });
  }
}
