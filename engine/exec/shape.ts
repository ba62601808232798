/**
 * A shape: one statement as far as it does not depend on its literals and parameters. Bound and planned here or by another thread
 * (shared-shapes.ts), compiled once a thread, for as long as the objects and names it rests on stay as they were (SBLR-N2, N3).
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ParsedStatement } from '../../plugins/contract/contract.ts';
import type { CatalogReader } from '../catalog/objects.ts';
import type { PhysicalQuery, PhysicalStatement } from '../plan/physical.ts';
import type { Program, RowFormat } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import type { BoundModule, BoundStatement, OutputColumn } from '../sblr/bound.ts';
import type { SqlType } from '../sblr/types.ts';
import type { Engine } from './engine.ts';
import { type RowFaces, rowFaces } from './faces.ts';
import { planned } from './make-shape.ts';
import { mayReplan, ReplanningProgram } from './replan.ts';
import { isTimeless, type ParameterWriters, parameterWriters } from './parameter-slots.ts';

/** A name that binding looked up and what it found; 0: nothing. `schema` null: along the search path. */
export interface FoundName {
  readonly schema: string | null;
  readonly name: string;
  readonly id: number;
}

/** A literal that had a say in the meaning: its number, and its value as text (SBLR-N2). */
export interface ShapingLiteral {
  readonly index: number;
  readonly text: string;
}

/** What running a statement asks of it: plain data. */
export interface ShapeParts {
  readonly kind: BoundStatement['kind'];
  /** Null: it is not compiled. */
  readonly plan: PhysicalStatement | null;
  /** Types of the client's parameters, then of the lifted literals. */
  readonly parameters: readonly SqlType[];
  readonly clientParameters: number;
  /** Names of named parameters, in order. Empty where they are numbered. */
  readonly parameterNames: readonly string[];
  readonly uses: BoundModule['uses'];
  readonly names: readonly FoundName[];
  readonly shaping: readonly ShapingLiteral[];
  /** Columns of its rows; none: it answers no rows. */
  readonly output: readonly OutputColumn[];
}

/** Formats in which rows of one statement are asked for: all text, all binary, and whatever mixtures a driver thinks of. */
const WRITERS_MAX = 8;

export class Shape {
  readonly parts: ShapeParts;
  readonly plan: PhysicalStatement | null;
  /** EXPLAIN of a statement; its plan is that of the statement. */
  readonly isExplain: boolean;
  /** EXPLAIN ANALYZE: the statement runs. */
  readonly isAnalyze: boolean;
  /** Version of the catalog for which it is known to hold. */
  version: number;
  readonly writers: ParameterWriters;
  /** Parameters that stand for literals and may mean something else in each run: 'now'. */
  readonly lateLiterals: readonly number[];
  readonly output: readonly OutputColumn[];
  /** Where its tokens begin: for errors. Null when another thread has bound it. The parsed form is not kept: nobody needs it. */
  readonly tokens: ParsedStatement['tokens'] | null;
  /** Characters of its code. */
  characters = 0;
  readonly #module: () => BoundModule;
  readonly #programs: { object: Program | null; array: Program | null } = { object: null, array: null };
  /** Programs that write bytes, by the key of their format; null until there is one. */
  #writers: Map<string, Program> | null = null;
  readonly #faces: { object: RowFaces | null | undefined; array: RowFaces | null | undefined } = {
    object: undefined,
    array: undefined,
  };

  constructor(parts: ShapeParts, version: number, tokens: ParsedStatement['tokens'] | null, module: () => BoundModule) {
    this.parts = parts;
    this.plan = parts.plan;
    this.isExplain = parts.kind === 'explain';
    this.isAnalyze = this.isExplain && isAnalyze(module());
    this.version = version;
    this.tokens = tokens;
    this.#module = module;
    this.writers = parameterWriters(parts.parameters);
    this.lateLiterals = lateLiterals(parts);
    this.output = parts.output;
  }

  /** The bound form: what EXPLAIN shows, and what statements that are not compiled run from. */
  get module(): BoundModule {
    return this.#module();
  }

  /** True for what runs as a compiled program. */
  get isCompiled(): boolean {
    return this.plan !== null && !this.isExplain;
  }

  /**
   * The compiled statement; compiled when first asked for. Where the catalog has moved on meanwhile, that is found before its first
   * step, as for any other program (TX-T14).
   */
  program(engine: Engine, session: Session, format: RowFormat): Program {
    const known = this.#known(format);
    if (known !== null) return known;
    engine.active = session;
    if (this.plan === null) throw new Error('a utility statement is not compiled');
    try {
      const before = engine.compiler.characters;
      const compiled = engine.compiler.compile(this.plan, this.parts.parameters, format, engine.environment);
      const program = this.replanning(engine, this.plan, compiled, (other) =>
        engine.compiler.compile(other, this.parts.parameters, format, engine.environment),
      );
      this.#keep(format, program);
      this.#grow(engine, engine.compiler.characters - before);
      if (compiled.whenCompiled === null) compiled.whenCompiled = (characters) => this.#grow(engine, characters);
      return program;
    } catch (error) {
      // Planned for tables and indexes that are gone: no fault of the statement.
      if (engine.catalog.version(session) === this.version) throw error;
      return outOfDate(this.output);
    }
  }

  /** It has so many characters of code more. */
  #grow(engine: Engine, characters: number): void {
    this.characters += characters;
    for (const dropped of engine.cache.compiled(characters)) engine.sharing.withdraw(dropped);
  }

  /** The same, where another plan may turn out to be better while it runs. */
  replanning(engine: Engine, plan: PhysicalStatement, program: Program, compile: (plan: PhysicalQuery) => Program): Program {
    if (engine.planHooks !== null || !mayReplan(this.module, plan)) return program;
    return new ReplanningProgram(plan, program, {
      types: this.parts.parameters,
      plan: (observed, parameter) => {
        const session = engine.active as Session;
        const reader = engine.catalog.reader(session, session.transaction);
        return planned(engine, session, reader, this.module, parameter, observed) as PhysicalQuery;
      },
      compile,
    });
  }

  #known(format: RowFormat): Program | null {
    if (typeof format === 'string') return this.#programs[format];
    return this.#writers?.get(format.format.key) ?? null;
  }

  #keep(format: RowFormat, program: Program): void {
    if (typeof format === 'string') {
      this.#programs[format] = program;
      return;
    }
    this.#writers ??= new Map();
    if (this.#writers.size >= WRITERS_MAX) this.#writers.clear();
    this.#writers.set(format.format.key, program);
  }

  faces(engine: Engine, format: 'object' | 'array'): RowFaces | null {
    let faces = this.#faces[format];
    if (faces === undefined) {
      faces = rowFaces(this.output, engine.faces, format === 'object');
      this.#faces[format] = faces;
    }
    return faces;
  }

  /** True when these literals mean the same. */
  fits(literals: readonly { readonly value: unknown }[]): boolean {
    return this.parts.shaping.every(({ index, text }) => String(literals[index].value) === text);
  }

  /** True when every object it rests on is still as it was bound, and every name finds the same; then it holds for this version too. */
  holds(reader: CatalogReader, version: number): boolean {
    if (!restsOnSame(this.parts, reader)) return false;
    for (const format of ['object', 'array'] as const) {
      if (this.#programs[format]?.isCurrent() === false) this.#programs[format] = null;
    }
    for (const [key, program] of this.#writers ?? []) if (!program.isCurrent()) this.#writers?.delete(key);
    this.version = version;
    return true;
  }
}

/** True when objects and names are to this reader what they were to the binder, and its role has the rights that were asked for. */
export function restsOnSame({ uses, names }: Pick<ShapeParts, 'uses' | 'names'>, reader: CatalogReader): boolean {
  for (const { object, version: seen, rights, columnRights } of uses) {
    if (!rights.every((right) => reader.allows(object, right))) return false;
    if (!columnRights.every(({ right, columns }) => reader.allows(object, right, undefined, columns))) return false;
    if (
      (reader.relation(object)?.version ??
        reader.typeVersion?.(object) ??
        reader.routineVersion?.(object) ??
        reader.roleVersion?.(object)) !== seen
    )
      return false;
  }
  for (const { schema, name, id } of names) if ((reader.findRelation(schema, name)?.id ?? 0) !== id) return false;
  return true;
}

function lateLiterals({ parameters, clientParameters }: ShapeParts): number[] {
  const late: number[] = [];
  for (let index = clientParameters; index < parameters.length; index++) if (!isTimeless(parameters[index])) late.push(index);
  return late;
}

/** Stands for a program that could not be compiled, because the catalog is not what it was planned for any more. */
function outOfDate(output: Program['output']): Program {
  const step = (): never => {
    throw new SqlError(SQLSTATE.internal_error, 'a statement was not compiled, and the catalog has not moved');
  };
  const execution = { step, close: () => {} };
  return { output, writes: false, simple: false, direct: null, isCurrent: () => false, start: () => execution };
}

const isAnalyze = ({ statement }: BoundModule): boolean => statement.kind === 'explain' && statement.analyze;
