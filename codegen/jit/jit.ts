/**
 * The compiler: physical plan -> generated JavaScript -> Program (SBLR, 'Generated code'). The entries hand it to the engine.
 */

import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import type { CompileEnvironment, Compiler, Program, RowFormat } from '../../engine/plan/program.ts';
import { compiledCharacters } from '../rows/compile.ts';
import { checkLateKey } from './late-keys.ts';
import { firstProgram } from './first-run.ts';
import { newerRows } from './reference-scan.ts';
import { compileStatement, compileWhole } from './statement.ts';
import { TableMoved, WaitingProgram } from './used-tables.ts';

/** A compiler for this thread. Functions of one shape are compiled once a thread, whoever asks. */
export function createCompiler(): Compiler {
  return {
    compile: (plan, _parameters, format, environment) =>
      unlessWaiting(plan, environment, () =>
        firstProgram(plan, format, environment, () => compiled(plan, format, environment)),
      ) ?? compiled(plan, format, environment),
    newerRows,
    checkLateKey,
    explainCode: (plan, _parameters, environment) =>
      compileWhole(plan, 'array', environment, true)
        .sources.map(({ name, text }) => `-- ${name}\n${text()}`)
        .join('\n\n'),
    get characters() {
      return compiledCharacters();
    },
  };
}

const compiled = (plan: PhysicalStatement, format: RowFormat, environment: CompileEnvironment): Program =>
  unlessWaiting(plan, environment, () => compileStatement(plan, format, environment));

function unlessWaiting<Made>(plan: PhysicalStatement, { kernel }: CompileEnvironment, make: () => Made): Made | WaitingProgram {
  try {
    return make();
  } catch (error) {
    if (error instanceof TableMoved) return new WaitingProgram(plan, error.table, kernel);
    throw error;
  }
}
