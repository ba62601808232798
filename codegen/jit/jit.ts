/**
 * The compiler: physical plan -> generated JavaScript -> Program (SBLR, 'Generated code'). The entries hand it to the engine.
 */

import type { Compiler } from '../../engine/plan/program.ts';
import { compiledCharacters } from '../rows/compile.ts';
import { checkLateKey } from './late-keys.ts';
import { newerRows } from './reference-scan.ts';
import { compileStatement, compileWhole } from './statement.ts';
import { TableMoved, WaitingProgram } from './used-tables.ts';

/** A compiler for this thread. Functions of one shape are compiled once a thread, whoever asks. */
export function createCompiler(): Compiler {
  return {
    compile(plan, _parameters, format, environment) {
      try {
        return compileStatement(plan, format, environment);
      } catch (error) {
        if (error instanceof TableMoved) return new WaitingProgram(plan, error.table, environment.kernel);
        throw error;
      }
    },
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
