/**
 * From text to something that can run.
 *
 *   text --cache of texts--> prepared
 *     | normalise (literals lifted)            N1
 *     +--> cache of shapes --> shape           N2: normalised text, settings, role, values of literals that shape it
 *            +--> what other threads have bound (shared-shapes.ts)
 *                   | parse, verify, bind, optimise
 *                   +--> shape; compiled when first run
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Session } from '../session/session.ts';
import { dialectFor } from './dialect-for.ts';
import type { Engine } from './engine.ts';
import { makeShape, type ParameterTypes, parseOwn, parseSettings, placedIn, type StatementText, typesKey } from './make-shape.ts';
import type { Shape } from './shape.ts';
import { findShared } from './shared-shapes.ts';

/** One statement of a text with its literals. */
export interface Prepared extends StatementText {
  /** Where it ends in the text. */
  readonly end: number;
  shape: Shape;
  /** The session's scope in which it was read (Session.scope). */
  readonly scope: string;
}

/** A statement and where the next one may begin. */
export interface NextStatement {
  readonly prepared: Prepared | null;
  readonly end: number;
}

/** The only statement of a text. 42601 when there are more or none. */
export function prepareOne(engine: Engine, session: Session, text: string, types?: ParameterTypes): Prepared {
  const found = prepareOneOrNone(engine, session, text, types);
  if (found === null) throw new SqlError('42601', 'the text holds no statement', { hint: 'give one SQL statement' });
  return found;
}

/** The same; null when there is none. */
export function prepareOneOrNone(engine: Engine, session: Session, text: string, types?: ParameterTypes): Prepared | null {
  const key = session.scope + typesKey(types) + text;
  const cached = engine.cache.texts.get(key);
  if (cached !== undefined) {
    engine.cache.hits++;
    engine.sharing.usedAgain(refresh(engine, session, cached));
    return cached;
  }
  const { prepared, end } = prepareNext(engine, session, text, 0, types);
  if (prepared === null && !isThereMore(engine, session, text, end)) return null;
  if (isThereMore(engine, session, text, end)) {
    throw new SqlError('42601', 'cannot insert multiple commands into a prepared statement', {
      position: end + 1,
      hint: 'use exec() for several statements',
    });
  }
  if (prepared === null) return null;
  engine.cache.texts.set(key, prepared);
  return prepared;
}

function isThereMore(engine: Engine, session: Session, text: string, from: number): boolean {
  if (from >= text.length) return false;
  return dialectFor(engine, session).parse(text.slice(from), parseSettings(session)).length > 0;
}

/** 22021 with its place: half a surrogate pair, or the character that text cannot hold. */
function notUnicode(text: string): SqlError {
  const zero = text.indexOf('\0');
  if (zero >= 0)
    return new SqlError(SQLSTATE.character_not_in_repertoire, 'text cannot hold the character with code zero', {
      position: zero + 1,
    });
  const at = text
    .toWellFormed()
    .split('')
    .findIndex((unit, index) => unit !== text[index]);
  return new SqlError(SQLSTATE.character_not_in_repertoire, 'text with half a surrogate pair is not Unicode', {
    position: at + 1,
  });
}

/** The statement that begins at or behind `from`. */
export function prepareNext(engine: Engine, session: Session, text: string, from: number, types?: ParameterTypes): NextStatement {
  if (from === 0 && (!text.isWellFormed() || text.includes('\0'))) throw notUnicode(text);
  const settings = parseSettings(session);
  const normalised = dialectFor(engine, session).normalise(text, settings, from);
  if (normalised !== null) {
    const { end, text: own, literals } = normalised;
    return { prepared: prepared(engine, session, { text, start: from, own, isNormalised: true, literals, types }, end), end };
  }
  const end = dialectFor(engine, session).statementEnd(text, settings, from);
  const own = text.slice(from, end);
  return { prepared: prepared(engine, session, { text, start: from, own, isNormalised: false, literals: [], types }, end), end };
}

function prepared(engine: Engine, session: Session, statement: StatementText, end: number): Prepared | null {
  const { scope } = session;
  const shape = shapeOf(engine, session, statement);
  return shape === null ? null : { ...statement, end, shape, scope };
}

/** The shape of a statement: known to this thread, to another one, or made. Null: there is no statement in the text. */
function shapeOf(engine: Engine, session: Session, statement: StatementText): Shape | null {
  const key = session.scope + typesKey(statement.types) + statement.own;
  const known = findShape(engine, session, key, statement);
  if (known !== undefined) {
    engine.cache.hits++;
    engine.sharing.usedAgain(known);
    return known;
  }
  engine.cache.misses++;
  // Types that a client gives are few, and another way to the same statement: they are not shared.
  const isShared = statement.types === undefined;
  const shared = engine.sharing.isAlone || !isShared ? null : findShared(engine, session, statement);
  if (shared !== null) {
    keepShape(engine, key, shared);
    return shared;
  }
  const parsed = parseOwn(engine, session, statement);
  if (parsed === null) return null;
  const shape = makeShape(engine, session, statement, parsed);
  keepShape(engine, key, shape);
  if (isShared) engine.sharing.offer(session, statement, shape);
  return shape;
}

function findShape(engine: Engine, session: Session, key: string, { literals }: StatementText): Shape | undefined {
  const shapes = engine.cache.shapes.get(key);
  if (shapes === undefined) return undefined;
  const version = engine.catalog.version(session);
  const fits = shapes.find((shape) => shape.fits(literals));
  if (fits === undefined || fits.version === version) return fits;
  return fits.holds(engine.catalog.reader(session, session.transaction), version) ? fits : undefined;
}

/** The newest of one meaning replaces the older. */
function keepShape(engine: Engine, key: string, shape: Shape): void {
  if (shape.plan === null) return;
  const { shaping } = shape.parts;
  const same = ({ parts: { shaping: other } }: Shape): boolean =>
    other.length === shaping.length && other.every((one, at) => one.text === shaping[at].text);
  const others = (engine.cache.shapes.get(key) ?? []).filter((other) => !same(other));
  engine.cache.shapes.set(key, [shape, ...others].slice(0, SHAPES_A_TEXT));
}

/** Shapes of one normalised text that differ in the values that shape them. */
const SHAPES_A_TEXT = 8;

/** An error whose position is a token ordinal, with the character's position instead. */
export function placed(engine: Engine, session: Session, statement: Prepared, error: unknown): unknown {
  return placedIn(engine, session, statement, statement.shape.tokens ?? [], error);
}

/** Before a run: the statement as it stands today. DDL may have changed what it rests on. */
export function refresh(engine: Engine, session: Session, statement: Prepared): Shape {
  const { shape } = statement;
  const version = engine.catalog.version(session);
  if (shape.version === version) return shape;
  if (shape.plan !== null && shape.holds(engine.catalog.reader(session, session.transaction), version)) return shape;
  const fresh = shapeOf(engine, session, statement);
  if (fresh === null) throw new SqlError('42601', 'the text holds no statement');
  statement.shape = fresh;
  return fresh;
}
