/**
 * A statement whose first runs are interpreted (interpreted.ts) and whose further ones are compiled: when they have taken about
 * as long as writing its code and compiling it. One that meets more rows than it was to begins anew, compiled, in the midst of
 * its statement: nobody has seen anything of it.
 */

import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import {
  type CompileEnvironment,
  type Direct,
  type Execution,
  type Program,
  RUN_REPLAN,
  type RowFormat,
  type Run,
  type StepStatus,
} from '../../engine/plan/program.ts';
import { TESTING } from '../../shm/yield-point.ts';
import { compiledCharacters } from '../rows/compile.ts';
import { interpretedParts } from './interpreted.ts';
import { GeneratedProgram } from './program.ts';
import type { ProgramParts } from './program-parts.ts';
import { UsedTables, WaitingProgram } from './used-tables.ts';

const RUNS_INTERPRETED = 4;

/** One of so many is interpreted first. Tests see both ways. */
export const firstRuns = { oneOf: TESTING ? 3 : 1, asked: 0 };

/** The program of a statement whose first runs need not be compiled; null: they are to be. */
export function firstProgram(
  plan: PhysicalStatement,
  format: RowFormat,
  environment: CompileEnvironment,
  compile: () => Program,
): Program | null {
  if (firstRuns.oneOf > 1 && ++firstRuns.asked % firstRuns.oneOf !== 0) return null;
  const parts = interpretedParts(plan, format, new UsedTables(environment));
  return parts === null ? null : new FirstProgram(parts, compile);
}

class FirstProgram implements Program {
  readonly output: Program['output'];
  readonly writes = false;
  readonly simple: boolean;
  /** Told how many characters of code were made in a run. */
  whenCompiled: ((characters: number) => void) | null = null;
  #first: GeneratedProgram | null;
  readonly #compile: () => Program;
  #compiled: Program | null = null;
  #runs = 0;

  constructor(parts: ProgramParts, compile: () => Program) {
    this.#first = new GeneratedProgram(parts);
    this.#compile = compile;
    this.output = parts.output;
    this.simple = parts.simple;
  }

  /** Of compiled code alone: what is interpreted goes from stage to stage. */
  get direct(): Direct | null {
    return this.#compiled === null ? null : this.#compiled.direct;
  }

  isCurrent(): boolean {
    return ((this.#compiled ?? this.#first) as Program).isCurrent();
  }

  start(run: Run): Execution {
    const first = this.#first;
    if (first === null || this.#runs >= RUNS_INTERPRETED) return this.compiled().start(run);
    this.#runs++;
    return new FirstExecution(this, first, run);
  }

  compiled(): Program {
    if (this.#compiled !== null) return this.#compiled;
    const before = compiledCharacters();
    let made: Program;
    try {
      made = this.#compile();
    } catch (error) {
      return failing(this.output, error);
    }
    if (made instanceof WaitingProgram) return made;
    this.#compiled = made;
    this.#first = null;
    this.whenCompiled?.(compiledCharacters() - before);
    return made;
  }
}

/**
 * Stands for what could not be compiled. Where the catalog is not any more what it was planned for, that is found before its
 * first step, and all is made anew (TX-T14).
 */
function failing(output: Program['output'], error: unknown): Program {
  const step = (): never => {
    throw error;
  };
  return { output, writes: false, simple: false, direct: null, isCurrent: () => false, start: () => ({ step, close: () => {} }) };
}

class FirstExecution implements Execution {
  readonly #program: FirstProgram;
  readonly #run: Run;
  readonly #before: number;
  #execution: Execution;

  constructor(program: FirstProgram, first: Program, run: Run) {
    this.#program = program;
    this.#run = run;
    this.#before = run.rows.length;
    this.#execution = first.start(run);
  }

  step(): StepStatus {
    const status = this.#execution.step();
    if (status !== RUN_REPLAN) return status;
    this.#execution.close();
    this.#run.rows.length = this.#before;
    this.#execution = this.#program.compiled().start(this.#run);
    return this.#execution.step();
  }

  close(): void {
    this.#execution.close();
  }
}
