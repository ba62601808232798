/** From parsed text to a shape: verified, bound, planned. What goes wrong says where in the text. */

import type { LiftedLiteral, ParsedStatement, ParseSettings } from '../../plugins/contract/contract.ts';
import { SqlError, withoutOverflow, withPosition } from '../../shm/errors.ts';
import { CORES } from '../../shm/wait.ts';
import type { CatalogReader, CatalogRoutine, RowSecurityFor } from '../catalog/objects.ts';
import { bind } from '../plan/bind/bind.ts';
import { isPlanned, type OptimizeEnvironment, optimize } from '../plan/optimize/optimize.ts';
import type { BoundModule, Right } from '../sblr/bound.ts';
import { type SqlType, sqlType } from '../sblr/types.ts';
import { verifySource } from '../sblr/verify-source.ts';
import type { Session } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { dialectFor } from './dialect-for.ts';
import type { Engine } from './engine.ts';
import type { Observed } from './replan.ts';
import { type FoundName, Shape, type ShapeParts } from './shape.ts';
import { utilityOutput } from './utility.ts';

/** A statement in its text. */
export interface StatementText {
  /** The whole text, and where the statement begins in it. */
  readonly text: string;
  readonly start: number;
  /** What is parsed: normalised, or the statement as it was written. */
  readonly own: string;
  readonly isNormalised: boolean;
  readonly literals: readonly LiftedLiteral[];
  /** Types that the client gives its parameters; null: the statement says it. Left out: it gives none. */
  readonly types?: ParameterTypes | undefined;
}

export type ParameterTypes = readonly (SqlType | null)[];

/** Part of the keys of what was prepared with types. */
export const typesKey = (types: ParameterTypes | undefined): string =>
  types === undefined ? '' : `${types.map((type) => type?.name ?? '').join(',')}\0`;

export const parseSettings = (session: Session): ParseSettings => ({
  standardStrings: session.settings.get('standard_conforming_strings') === 'on',
  namedParameters: session.namedParameters,
});

/** Null: nothing but blanks and comments. */
export function parseOwn(engine: Engine, session: Session, statement: StatementText): ParsedStatement | null {
  const { text, start, own, isNormalised } = statement;
  const settings = parseSettings(session);
  try {
    if (isNormalised) return dialectFor(engine, session).parseNormalised(own, settings);
    return dialectFor(engine, session).parse(own, settings)[0] ?? null;
  } catch (error) {
    // The text as it was written has the true position.
    if (isNormalised) dialectFor(engine, session).parse(text.slice(start), settings);
    throw moved(error, start);
  }
}

/** A position in a part of the text as one in the whole. */
function moved(error: unknown, start: number): unknown {
  if (!(error instanceof SqlError) || error.position === undefined || start === 0) return error;
  return withPosition(error, error.position + start);
}

const LITERAL_TYPES = {
  int4: sqlType('int4', false),
  int8: sqlType('int8', false),
  numeric: sqlType('numeric', false),
  string: sqlType('unknown', false),
} as const;

const QUERIES_AND_CHANGES = new Set(['select', 'setOperation', 'values', 'insert', 'update', 'delete', 'merge']);

/** Verifies, binds and plans. The engine trusts no parser: what it hands over is checked first. */
export function makeShape(engine: Engine, session: Session, statement: StatementText, parsed: ParsedStatement): Shape {
  const { literals } = statement;
  const version = engine.catalog.version(session);
  const names: FoundName[] = [];
  const catalog = new NotingReader(engine.catalog.reader(session, session.transaction), names);
  try {
    const { source, parameterCount } = parsed;
    // Others hold statements with parameters of their own.
    const hasAllParameters = QUERIES_AND_CHANGES.has(source.op);
    const limits = { tokens: parsed.tokens.length, literals: literals.length };
    verifySource(source, hasAllParameters ? { ...limits, highestParameter: parameterCount } : limits);
    const module = bind(parsed.source, {
      catalog,
      semantics: dialectFor(engine, session).semantics,
      semanticsOf: (dialect) => engine.dialectOf(dialect).semantics,
      parameterTypes: Array.from({ length: parameterCount }, (_, index) => statement.types?.[index] ?? null),
      hasAllParameters,
      literals: literals.map((literal) => ({ type: LITERAL_TYPES[literal.class], text: String(literal.value) })),
      policy: 'infer',
    });
    const plan = planOf(engine, session, catalog, module, literals);
    engine.cache.bound++;
    return new Shape(partsOf(module, plan, parsed, names, literals), version, parsed.tokens, keeping(module));
  } catch (error) {
    throw placedIn(engine, session, statement, parsed.tokens, withoutOverflow(error));
  }
}

/** Made apart, so that it keeps nothing else. */
const keeping = (module: BoundModule) => (): BoundModule => module;

/** The catalog, with a note of each name that is looked up: a later object may hide what it found. */
class NotingReader implements CatalogReader {
  readonly version: number;
  readonly #reader: CatalogReader;
  readonly #names: FoundName[];

  constructor(reader: CatalogReader, names: FoundName[]) {
    this.version = reader.version;
    this.#reader = reader;
    this.#names = names;
  }

  findRelation(schema: string | null, name: string): ReturnType<CatalogReader['findRelation']> {
    const found = this.#reader.findRelation(schema, name);
    const names = this.#names;
    if (!names.some((one) => one.schema === schema && one.name === name)) names.push({ schema, name, id: found?.id ?? 0 });
    return found;
  }

  relation(id: number): ReturnType<CatalogReader['relation']> {
    return this.#reader.relation(id);
  }

  findRoutines(schema: string | null, name: string): readonly CatalogRoutine[] {
    return this.#reader.findRoutines?.(schema, name) ?? [];
  }

  findType(schema: string | null, name: string): SqlType | null {
    return this.#reader.findType?.(schema, name) ?? null;
  }

  attributes(id: number): ReturnType<Required<CatalogReader>['attributes']> {
    return this.#reader.attributes?.(id) ?? null;
  }

  domain(id: number): ReturnType<Required<CatalogReader>['domain']> {
    return this.#reader.domain?.(id) ?? null;
  }

  userType(id: number): ReturnType<Required<CatalogReader>['userType']> {
    return this.#reader.userType?.(id) ?? null;
  }

  typeVersion(id: number): number | undefined {
    return this.#reader.typeVersion?.(id);
  }

  rowSecurity(table: number, role?: number): RowSecurityFor | null {
    return this.#reader.rowSecurity?.(table, role) ?? null;
  }

  allows(id: number, right: Right, role?: number, columns?: readonly number[]): boolean {
    return this.#reader.allows(id, right, role, columns);
  }
}

function planOf(
  engine: Engine,
  session: Session,
  catalog: CatalogReader,
  module: BoundModule,
  literals: readonly LiftedLiteral[],
): ShapeParts['plan'] {
  return planned(engine, session, catalog, module, (index) => literalValue(literals, module.clientParameters, index));
}

/** The plan of a bound statement, null where it has none; `observed`: rows that relations were seen to have. */
export function planned(
  engine: Engine,
  session: Session,
  catalog: Pick<CatalogReader, 'relation'>,
  module: BoundModule,
  parameter: OptimizeEnvironment['parameter'],
  observed?: Observed,
): ShapeParts['plan'] {
  const { statement } = module;
  const inner = statement.kind === 'explain' ? statement.statement : statement;
  if (!isPlanned(inner)) return null;
  return optimize(inner, {
    table: (id) => tableOf(catalog.relation(id), id),
    size: (table) => engine.catalog.size(table),
    parameter,
    ...(observed === undefined ? {} : { observed }),
    ...(engine.planHooks === null ? {} : { hooks: engine.planHooks }),
    spread: spreadOf(engine, session),
  });
}

/** Threads that a statement may take; undefined: one. */
function spreadOf({ environment }: Engine, { settings }: Session): OptimizeEnvironment['spread'] {
  const helpers = environment.kernel.helpers?.threads ?? 0;
  const asked = Number(settings.get('max_parallel_workers_per_gather'));
  const threads = 1 + Math.min(helpers, asked < 0 ? CORES - 1 : asked);
  return threads < 2 ? undefined : { threads, bound: Number(settings.get('parallel_setup_cost')) };
}

function partsOf(
  module: BoundModule,
  plan: ShapeParts['plan'],
  parsed: ParsedStatement,
  names: readonly FoundName[],
  literals: readonly LiftedLiteral[],
): ShapeParts {
  return {
    kind: module.statement.kind,
    plan,
    parameters: module.parameters,
    clientParameters: module.clientParameters,
    parameterNames: parsed.parameterNames,
    uses: module.uses,
    names,
    shaping: module.shaping.map((index) => ({ index, text: String(literals[index].value) })),
    output: utilityOutput(module.statement) ?? plan?.output ?? [],
  };
}

function tableOf(relation: ReturnType<CatalogReader['relation']>, id: number) {
  if (relation?.kind === 'table') return relation;
  throw new SqlError('42P01', `relation with id ${id} does not exist`);
}

function literalValue(literals: readonly LiftedLiteral[], clientParameters: number, index: number): RowValue | undefined {
  return index < clientParameters ? undefined : literals[index - clientParameters]?.value;
}

/** An error whose position is a token ordinal, with the character's position instead. */
export function placedIn(
  engine: Engine,
  session: Session,
  { text, start, isNormalised }: StatementText,
  tokens: readonly number[],
  error: unknown,
): unknown {
  if (!(error instanceof SqlError) || error.position === undefined || error.position < 0) return error;
  const offset = isNormalised
    ? dialectFor(engine, session).offsets(text, parseSettings(session), start)[error.position]
    : start + tokens[error.position];
  return withPosition(error, offset === undefined || Number.isNaN(offset) ? undefined : offset + 1);
}
