/**
 * The compiler: physical plan -> generated JavaScript -> Program (SBLR, 'Generated code'). The entries hand it to the engine.
 */

import type { Compiler } from '../../engine/plan/program.ts';
import { compiledCharacters } from '../rows/compile.ts';
import { compileStatement } from './statement.ts';
import { TableMoved, WaitingProgram } from './used-tables.ts';

/** A compiler for this thread. Functions of one shape are compiled once a thread, whoever asks. */
export function createCompiler(): Compiler {
  return {
    compile(plan, parameters, format, environment) {
      try {
        const { program, sources } = compileStatement(plan, parameters, format, environment);
        // Code that is made when it is first needed keeps the builder, but nobody asks for the texts.
        sources.length = 0;
        return program;
      } catch (error) {
        if (error instanceof TableMoved) return new WaitingProgram(plan, error.table, environment.kernel);
        throw error;
      }
    },
    explainCode: (plan, parameters, environment) =>
      compileStatement(plan, parameters, 'array', environment)
        .sources.map(({ name, text }) => `-- ${name}\n${text()}`)
        .join('\n\n'),
    get characters() {
      return compiledCharacters();
    },
  };
}
