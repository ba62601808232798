/**
 * From text to something that can run.
 *
 *   text --cache of texts--> prepared
 *     | normalise (literals lifted)            N1
 *     +--> cache of shapes --> shape           N2: normalised text, settings, role, values of literals that shape it
 *            | parse, bind, optimise
 *            +--> shape; compiled when first run
 */

import type { LiftedLiteral, ParsedStatement, ParseSettings } from '../../plugins/contract/contract.ts';
import { SqlError } from '../../shm/errors.ts';
import { bind } from '../plan/bind/bind.ts';
import { isPlanned, optimize } from '../plan/optimize/optimize.ts';
import type { Session } from '../session/session.ts';
import { sqlType } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Engine } from './engine.ts';
import { Shape } from './shape.ts';

/** One statement of a text with its literals. */
export interface Prepared {
  /** The whole text, and where the statement lies in it. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  shape: Shape;
  readonly literals: readonly LiftedLiteral[];
  /** Key under which its shape is kept, and what it was made of when it is bound again. */
  readonly key: string;
  readonly isNormalised: boolean;
}

/** A statement and where the next one may begin. */
export interface NextStatement {
  readonly prepared: Prepared | null;
  readonly end: number;
}

export const parseSettings = (session: Session): ParseSettings => ({
  standardStrings: session.settings.get('standard_conforming_strings') === 'on',
  namedParameters: true,
});

/** The only statement of a text. 42601 when there are more or none. */
export function prepareOne(engine: Engine, session: Session, text: string): Prepared {
  const key = `${session.user}\0${session.settings.key}\0${text}`;
  const cached = engine.cache.texts.get(key);
  if (cached !== undefined) {
    engine.cache.hits++;
    return cached;
  }
  const { prepared, end } = prepareNext(engine, session, text, 0);
  if (prepared === null) throw new SqlError('42601', 'the text holds no statement', { hint: 'give one SQL statement' });
  if (prepareIsThereMore(engine, session, text, end)) {
    throw new SqlError('42601', 'cannot prepare more than one statement at a time', {
      position: end + 1,
      hint: 'use exec() for several statements',
    });
  }
  engine.cache.texts.set(key, prepared);
  return prepared;
}

function prepareIsThereMore(engine: Engine, session: Session, text: string, from: number): boolean {
  if (from >= text.length) return false;
  return engine.dialect.parse(text.slice(from), parseSettings(session)).length > 0;
}

/** The statement that begins at or behind `from`. */
export function prepareNext(engine: Engine, session: Session, text: string, from: number): NextStatement {
  const settings = parseSettings(session);
  const normalised = engine.dialect.normalise(text, settings, from);
  if (normalised !== null) {
    const prepared = shapeOf(engine, session, text, from, normalised.end, normalised.text, normalised.literals, true);
    return { prepared, end: normalised.end };
  }
  const end = engine.dialect.statementEnd(text, settings, from);
  const own = text.slice(from, end);
  return { prepared: shapeOf(engine, session, text, from, end, own, [], false), end };
}

function shapeOf(
  engine: Engine,
  session: Session,
  text: string,
  start: number,
  end: number,
  own: string,
  literals: readonly LiftedLiteral[],
  isNormalised: boolean,
): Prepared | null {
  const key = `${session.user}\0${session.settings.key}\0${own}`;
  const known = findShape(engine, session, key, literals);
  if (known !== undefined) {
    engine.cache.hits++;
    return { text, start, end, shape: known, literals, key, isNormalised };
  }
  engine.cache.misses++;
  const parsed = parseOwn(engine, session, text, start, own, isNormalised);
  if (parsed === null) return null;
  const shape = makeShape(engine, session, parsed, text, start, literals, isNormalised);
  keepShape(engine, key, shape);
  return { text, start, end, shape, literals, key, isNormalised };
}

function findShape(engine: Engine, session: Session, key: string, literals: readonly LiftedLiteral[]): Shape | undefined {
  const shapes = engine.cache.shapes.get(key);
  if (shapes === undefined) return undefined;
  const version = engine.catalog.version(session);
  const fits = shapes.find(({ shaping }) => shaping.every(({ index, text }) => String(literals[index].value) === text));
  if (fits === undefined || fits.version === version) return fits;
  return fits.holds(engine.catalog.reader(session, session.transaction), version) ? fits : undefined;
}

/** The newest of one meaning replaces the older. */
function keepShape(engine: Engine, key: string, shape: Shape): void {
  if (shape.plan === null) return;
  const same = (other: Shape): boolean =>
    other.shaping.length === shape.shaping.length && other.shaping.every((one, at) => one.text === shape.shaping[at].text);
  const others = (engine.cache.shapes.get(key) ?? []).filter((other) => !same(other));
  engine.cache.shapes.set(key, [shape, ...others].slice(0, SHAPES_A_TEXT));
}

/** Shapes of one normalised text that differ in the values that shape them. */
const SHAPES_A_TEXT = 8;

/** Null: nothing but blanks and comments. */
function parseOwn(
  engine: Engine,
  session: Session,
  text: string,
  start: number,
  own: string,
  isNormalised: boolean,
): ParsedStatement | null {
  const settings = parseSettings(session);
  try {
    if (isNormalised) return engine.dialect.parseNormalised(own, settings);
    return engine.dialect.parse(own, settings)[0] ?? null;
  } catch (error) {
    // The text as it was written has the true position.
    if (isNormalised) engine.dialect.parse(text.slice(start), settings);
    throw moved(error, start);
  }
}

/** A position in a part of the text as one in the whole. */
function moved(error: unknown, start: number): unknown {
  if (!(error instanceof SqlError) || error.position === undefined || start === 0) return error;
  return new SqlError(error.code, error.message, { ...detailsOf(error), position: error.position + start });
}

const detailsOf = (error: SqlError) => ({ hint: error.hint, cause: error.cause, detail: error.detail, position: error.position });

/** An error whose position is a token ordinal, with the character's position instead. */
export function placed(engine: Engine, session: Session, prepared: Prepared, error: unknown): unknown {
  if (!(error instanceof SqlError) || error.position === undefined || error.position < 0) return error;
  const offset = characterOf(engine, session, prepared, error.position);
  return new SqlError(error.code, error.message, {
    ...detailsOf(error),
    position: offset === undefined ? undefined : offset + 1,
  });
}

function characterOf(engine: Engine, session: Session, prepared: Prepared, token: number): number | undefined {
  const { text, start, isNormalised, shape } = prepared;
  if (isNormalised) return engine.dialect.offsets(text, parseSettings(session), start)[token];
  const offset = shape.parsed.tokens[token];
  return offset === undefined ? undefined : start + offset;
}

const LITERAL_TYPES = {
  int4: sqlType('int4', false),
  int8: sqlType('int8', false),
  numeric: sqlType('numeric', false),
  string: sqlType('unknown', false),
} as const;

function makeShape(
  engine: Engine,
  session: Session,
  parsed: ParsedStatement,
  text: string,
  start: number,
  literals: readonly LiftedLiteral[],
  isNormalised: boolean,
): Shape {
  const version = engine.catalog.version(session);
  const catalog = engine.catalog.reader(session, session.transaction);
  try {
    const module = bind(parsed.source, {
      catalog,
      semantics: engine.dialect.semantics,
      semanticsOf: (dialect) => engine.dialectOf(dialect).semantics,
      parameterTypes: new Array(parsed.parameterCount).fill(null),
      literals: literals.map((literal) => ({ type: LITERAL_TYPES[literal.class], text: String(literal.value) })),
      policy: 'infer',
    });
    const { statement } = module;
    const planned = statement.kind === 'explain' ? statement.statement : statement;
    const plan = isPlanned(planned)
      ? optimize(planned, {
          table: (id) => tableOf(catalog.relation(id), id),
          size: (table) => engine.catalog.size(table),
          parameter: (index) => literalValue(literals, module.clientParameters, index),
        })
      : null;
    engine.cache.compiled++;
    const shaping = module.shaping.map((index) => ({ index, text: String(literals[index].value) }));
    return new Shape(module, parsed, plan, version, shaping);
  } catch (error) {
    throw placedIn(engine, session, parsed, text, start, isNormalised, error);
  }
}

function placedIn(
  engine: Engine,
  session: Session,
  parsed: ParsedStatement,
  text: string,
  start: number,
  isNormalised: boolean,
  error: unknown,
): unknown {
  if (!(error instanceof SqlError) || error.position === undefined || error.position < 0) return error;
  const offset = isNormalised
    ? engine.dialect.offsets(text, parseSettings(session), start)[error.position]
    : start + parsed.tokens[error.position];
  const position = offset === undefined || Number.isNaN(offset) ? undefined : offset + 1;
  return new SqlError(error.code, error.message, { ...detailsOf(error), position });
}

function tableOf(relation: ReturnType<ReturnType<Engine['catalog']['reader']>['relation']>, id: number) {
  if (relation?.kind === 'table') return relation;
  throw new SqlError('42P01', `relation with id ${id} does not exist`);
}

function literalValue(literals: readonly LiftedLiteral[], clientParameters: number, index: number): RowValue | undefined {
  return index < clientParameters ? undefined : literals[index - clientParameters]?.value;
}

/** Before a run: the statement as it stands today. DDL may have changed what it rests on. */
export function refresh(engine: Engine, session: Session, prepared: Prepared): Shape {
  const { shape } = prepared;
  const version = engine.catalog.version(session);
  if (shape.version === version) return shape;
  if (shape.plan !== null && shape.holds(engine.catalog.reader(session, session.transaction), version)) return shape;
  prepared.shape = makeShape(
    engine,
    session,
    shape.parsed,
    prepared.text,
    prepared.start,
    prepared.literals,
    prepared.isNormalised,
  );
  keepShape(engine, prepared.key, prepared.shape);
  return prepared.shape;
}
