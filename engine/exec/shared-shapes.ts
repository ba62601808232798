/**
 * Shapes that threads share (SBLR-N3): what one thread has parsed, bound and planned, another one finds in shared memory and only
 * compiles.
 *
 *   key      dialect | settings that change meaning | normalised text, which tells the classes of its literals
 *            + values of the literals that shape the statement, where some do (SBLR-N2)
 *   content  'M' | bytes of the bound form, u32le | bound form (SBLR) | parts of the shape
 *            'L' | numbers of the literals that shape it: their values join the key, look again
 *
 * Nothing found is believed for its key alone: every object must have the version that was bound, every name must find the same
 * object, and the role must have every right (SBLR-N8). So DDL needs to tell nobody, and roles share what they both may do. Temporary
 * objects, and what is bound over uncommitted DDL, stay with their session.
 *
 * Writing costs more than a simple statement takes to bind, so it waits until the event loop turns, until the shape is used again, or
 * until some have gathered.
 */

import { deserialize, serialize } from 'node:v8';
import { isPoisoned } from '../../shm/critical.ts';
import { decodeBound, encodeBound } from '../sblr/binary-bound.ts';
import { semanticsHash } from '../sblr/header.ts';
import type { Session } from '../session/session.ts';
import type { Dialect } from '../../plugins/contract/contract.ts';
import { dialectFor } from './dialect-for.ts';
import type { Engine } from './engine.ts';
import type { StatementText } from './make-shape.ts';
import { findModule, keepModule, type ModuleKey, moduleKey, noteModuleHit, noteModuleMiss } from './module-cache.ts';
import { entered } from './run.ts';
import { restsOnSame, Shape, type ShapeParts } from './shape.ts';

const MODULE = 0x4d;
const LITERALS = 0x4c;
const HEAD = 5;
/** Shapes that wait at most. */
const WAITING_MAX = 64;
/** The same while no other thread can have the database: about as many as a thread keeps. */
const ALONE_MAX = 1000;
/** Literals that may shape one text: a list of positions in ORDER BY has no more. */
const SHAPING_MAX = 250;

const spoken = ({ name, version }: Dialect): string => `${name} ${version}`;

const textKey = (engine: Engine, session: Session, own: string): string =>
  `${session.databaseId} ${spoken(dialectFor(engine, session))}${session.namedParameters ? '' : 'n'}\0${session.settings.key}\0${own}`;

const keyOf = (text: string): ModuleKey => moduleKey(Buffer.from(text, 'utf8'));

/** The key of these values of the literals that shape a text. */
function shapedKey(text: string, indexes: readonly number[], literals: StatementText['literals']): ModuleKey {
  const values = indexes.map((index) => {
    const value = String(literals[index]?.value);
    return `${index}:${value.length}:${value}`;
  });
  return keyOf(`${text}\0${values.join('\0')}`);
}

/** The shape of a text that some thread has bound, if it holds for this session; null: bind it. Inside the engine. */
export function findShared(engine: Engine, session: Session, statement: StatementText): Shape | null {
  const { modules } = engine;
  const text = textKey(engine, session, statement.own);
  let found = findModule(modules, keyOf(text));
  if (found !== null && found[0] === LITERALS)
    found = findModule(modules, shapedKey(text, [...found.subarray(1)], statement.literals));
  const shape = found === null || found[0] !== MODULE ? null : readShape(engine, session, statement, found);
  if (shape === null) noteModuleMiss(modules);
  else noteModuleHit(modules);
  return shape;
}

function readShape(engine: Engine, session: Session, statement: StatementText, content: Buffer): Shape | null {
  const length = content.readUInt32LE(1);
  const parts = deserialize(content.subarray(HEAD + length)) as ShapeParts;
  const version = engine.catalog.version(session);
  const reader = engine.catalog.reader(session, session.transaction);
  const fits = parts.shaping.every(({ index, text }) => String(statement.literals[index]?.value) === text);
  if (!fits || !restsOnSame(parts, reader)) return null;
  return new Shape(parts, version, null, () => decodeBound(content.subarray(HEAD, HEAD + length)).module);
}

/** A shape that is to be written. */
interface Waiting {
  /** By the settings of when it was bound. */
  readonly key: string;
  readonly session: Session;
  readonly shape: Shape;
  readonly literals: StatementText['literals'];
}

/**
 * The shapes of one thread that wait to be shared. As long as no other thread can have the database, they only wait: the thread that
 * opened it keeps the last of them until it gives out the handle.
 */
export class ShapeSharing {
  readonly #engine: Engine;
  readonly #waiting = new Map<Shape, Waiting>();
  #isPlanned = false;
  #isAlone: boolean;

  /** `isAlone`: no other thread has the database. */
  constructor(engine: Engine, isAlone: boolean) {
    this.#engine = engine;
    this.#isAlone = isAlone;
  }

  /** No other thread has the database: there is nothing to be found, and nobody to write for. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** A shape was bound here: the others shall have it. */
  offer(session: Session, statement: StatementText, shape: Shape): void {
    if (!shape.isCompiled || shape.version < 0 || shape.parts.shaping.length > SHAPING_MAX) return;
    const key = textKey(this.#engine, session, statement.own);
    this.#waiting.set(shape, { key, session, shape, literals: statement.literals });
    if (this.#isAlone) this.#dropOldest();
    else if (this.#waiting.size >= WAITING_MAX) this.#write();
    else this.#planWriting();
  }

  #dropOldest(): void {
    if (this.#waiting.size <= ALONE_MAX) return;
    for (const [oldest] of this.#waiting) {
      this.#waiting.delete(oldest);
      return;
    }
  }

  /** The thread has given the shape up: it is not kept for others. */
  withdraw(shape: Shape): void {
    this.#waiting.delete(shape);
  }

  #planWriting(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (isPoisoned(this.#engine.shm)) this.forget();
      this.flush();
    }).unref();
  }

  /** A shape is used again: it is worth sharing now. Inside the engine. */
  usedAgain(shape: Shape): void {
    if (this.#isAlone) return;
    const waiting = this.#waiting.get(shape);
    if (waiting === undefined) return;
    this.#waiting.delete(shape);
    writeShape(this.#engine, waiting);
  }

  /** Writes what waits: before other threads are given the database. Outside the engine. */
  flush(): void {
    this.#isAlone = false;
    if (this.#waiting.size > 0) entered(this.#engine, () => this.#write());
  }

  /** The thread leaves: what waits stays its own. */
  forget(): void {
    this.#waiting.clear();
  }

  #write(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of all) writeShape(this.#engine, waiting);
  }
}

/** Temporary objects are their session's. */
function isOwn(engine: Engine, session: Session, object: number): boolean {
  const relation = engine.catalog.reader(session, session.transaction).relation(object);
  return (
    relation === null || (relation.kind === 'table' && relation.persistence === 'temporary') || /^pg_temp/.test(relation.schema)
  );
}

function writeShape(engine: Engine, { key, session, shape, literals }: Waiting): void {
  const { shaping, uses } = shape.parts;
  if (uses.some(({ object }) => isOwn(engine, session, object))) return;
  const content = contentOf(dialectFor(engine, session), shape, literals.length);
  if (shaping.length === 0) {
    keepModule(engine.modules, keyOf(key), content);
    return;
  }
  // All that have shaped it so far: a key with a value too many is a key all the same.
  const known = findModule(engine.modules, keyOf(key));
  const before = known !== null && known[0] === LITERALS ? [...known.subarray(1)] : [];
  const indexes = [...new Set([...before, ...shaping.map(({ index }) => index)])].sort((a, b) => a - b);
  if (indexes.some((index) => index > 255)) return;
  if (indexes.length !== before.length) keepModule(engine.modules, keyOf(key), Buffer.from([LITERALS, ...indexes]));
  keepModule(engine.modules, shapedKey(key, indexes, literals), content);
}

function contentOf(dialect: Dialect, shape: Shape, literals: number): Buffer {
  const { parts, tokens, module } = shape;
  const bound = encodeBound(module, {
    dialect: dialect.name,
    semantics: semanticsHash(dialect.semantics),
    statement: parts.kind,
    tokens: tokens?.length ?? 0,
    literals,
    parameters: parts.clientParameters,
    columns: shape.output.length,
    shaping: parts.shaping.map(({ index }) => index),
    settings: [],
  });
  const head = Buffer.alloc(HEAD);
  head[0] = MODULE;
  head.writeUInt32LE(bound.length, 1);
  return Buffer.concat([head, bound, serialize(parts)]);
}
