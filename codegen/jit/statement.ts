/**
 * From a physical statement to a Program: which kind of program serves it.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import type { CompileEnvironment, Program, RowFormat } from '../../engine/plan/program.ts';
import type { SqlType } from '../../engine/sblr/types.ts';

export interface Compiled {
  readonly program: Program;
  readonly sources: readonly { readonly name: string; readonly text: string }[];
}

/** Compiles a statement. 0A000 for what no program serves. */
export function compileStatement(
  plan: PhysicalStatement,
  _parameters: readonly SqlType[],
  _format: RowFormat,
  _environment: CompileEnvironment,
): Compiled {
  throw new SqlError(SQLSTATE.feature_not_supported, `the compiler has no program for '${plan.kind}'`);
}
