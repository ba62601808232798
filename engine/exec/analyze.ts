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
  readonly run: StatementRun;
  #plan: PhysicalStatement;
  /** How often it was planned anew. */
  #replans = 0;
  readonly #start = performance.now();

  constructor(engine: Engine, session: Session, shape: Shape, run: StatementRun) {
    const { plan } = shape;
    if (plan === null) throw new Error('EXPLAIN ANALYZE of a statement without a plan');
    engine.active = session;
    this.run = run;
    this.#plan = plan;
    const compile = (one: PhysicalStatement): Program => {
      const counted = countedPlan(one);
      this.#plan = counted.plan;
      run.counts = new Float64Array(counted.counters);
      return engine.compiler.compile(counted.plan, shape.parts.parameters, 'array', engine.environment);
    };
    const again = (other: PhysicalStatement): Program => {
      this.#replans++;
      return compile(other);
    };
    this.program = shape.replanning(engine, plan, compile(plan), again);
  }

  /** The plan, after the run. */
  answer(engine: Engine, session: Session, shape: Shape): UtilityResult {
    const { changes, counts } = this.run;
    const milliseconds = performance.now() - this.#start;
    const actual = { counts: counts as Float64Array, changes, milliseconds, replans: this.#replans };
    return runExplain(engine, session, shape, { plan: this.#plan, actual });
  }
}
