/**
 * A shape: one statement as far as it does not depend on its literals and parameters. Bound, planned and compiled once a thread, for
 * as long as the objects it rests on stay as they were (SBLR-N2, N3).
 */

import type { ParsedStatement } from '../../plugins/contract/contract.ts';
import type { CatalogReader } from '../catalog/objects.ts';
import type { PhysicalStatement } from '../plan/physical.ts';
import type { Program, RowFormat } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import type { BoundModule, OutputColumn } from '../sblr/bound.ts';
import type { Engine } from './engine.ts';
import { type RowFaces, rowFaces } from './faces.ts';
import { type ParameterWriter, parameterWriter } from './parameters.ts';

export class Shape {
  readonly module: BoundModule;
  readonly parsed: ParsedStatement;
  readonly plan: PhysicalStatement | null;
  /** Version of the catalog for which it is known to hold. */
  version: number;
  /** Values of the literals that had a say in its meaning, by their index (SBLR-N2). */
  readonly shaping: readonly { readonly index: number; readonly text: string }[];
  readonly writers: readonly ParameterWriter[];
  readonly output: readonly OutputColumn[];
  readonly #programs: { object: Program | null; array: Program | null } = { object: null, array: null };
  readonly #faces: { object: RowFaces | null | undefined; array: RowFaces | null | undefined } = {
    object: undefined,
    array: undefined,
  };

  constructor(
    module: BoundModule,
    parsed: ParsedStatement,
    plan: PhysicalStatement | null,
    version: number,
    shaping: Shape['shaping'],
  ) {
    this.module = module;
    this.parsed = parsed;
    this.plan = plan;
    this.version = version;
    this.shaping = shaping;
    this.writers = module.parameters.map(parameterWriter);
    this.output = plan?.output ?? [];
  }

  /** The compiled statement; compiled when first asked for. */
  program(engine: Engine, session: Session, format: RowFormat): Program {
    let program = this.#programs[format];
    if (program === null) {
      engine.active = session;
      if (this.plan === null) throw new Error('a utility statement is not compiled');
      program = engine.compiler.compile(this.plan, this.module.parameters, format, engine.environment);
      this.#programs[format] = program;
    }
    return program;
  }

  faces(engine: Engine, format: RowFormat): RowFaces | null {
    let faces = this.#faces[format];
    if (faces === undefined) {
      faces = rowFaces(this.output, engine.faces, format === 'object');
      this.#faces[format] = faces;
    }
    return faces;
  }

  /** True when every object it rests on is still as it was bound; then it holds for this version too. */
  holds(reader: CatalogReader, version: number): boolean {
    for (const { object, version: seen } of this.module.uses) if (reader.relation(object)?.version !== seen) return false;
    this.version = version;
    return true;
  }
}
