/**
 * Parse, Bind, Describe, Execute, Close, Flush, Sync.
 *
 *   statements   by name, '' is replaced by each Parse        portals   by name, '' is replaced by each Bind; gone with their transaction
 *
 * What runs up to a Sync is one transaction. A statement with nothing but its Sync behind it is one by itself, which is what nearly
 * all clients send; so Execute looks at what lies behind it.
 */

import {
  type ConnectionHost,
  DONE,
  type HostPortal,
  type HostSession,
  type HostStatement,
  type Outcome,
  PENDING,
} from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import { wireError } from '../errors.ts';
import { typeOfOid, typeOid } from '../types.ts';
import { COPYING, CopyPortal } from './copy.ts';
import { completion, type Described, described, sameColumns } from './describe.ts';
import type { MessageReader } from './read.ts';
import {
  putBindComplete,
  putBytes,
  putCloseComplete,
  putComplete,
  putEmptyQuery,
  putParameterDescription,
  putParseComplete,
  putPortalSuspended,
} from './write.ts';

const STATEMENT = 0x53;
const PORTAL = 0x50;

interface NamedStatement {
  /** Null: the text was empty. */
  readonly statement: HostStatement | null;
  /** What a client was told last of its rows. */
  told: Described | null;
  /** A portal to use again, and for which forms. */
  idle: HostPortal | null;
  idleFor: Described | null;
}

class NamedPortal {
  readonly named: NamedStatement;
  readonly key: string;
  readonly described: Described | null;
  readonly values: EncodedValues;
  portal: HostPortal | CopyPortal | null = null;
  state: 'bound' | 'suspended' | 'done' = 'bound';

  constructor(named: NamedStatement, key: string, isDescribed: Described | null, values: EncodedValues) {
    this.named = named;
    this.key = key;
    this.described = isDescribed;
    this.values = values;
  }
}

export class ExtendedQuery {
  readonly #host: ConnectionHost;
  readonly #session: HostSession;
  readonly #reader: MessageReader;
  readonly #statements = new Map<string, NamedStatement>();
  readonly #portals = new Map<string, NamedPortal>();
  #namesSeen = 0;
  /** Values of the unnamed portal: one object for all. */
  readonly #values = new EncodedValues();
  /** The values that lie in bytes which go with this batch. */
  readonly #inChunk: EncodedValues[] = [];
  readonly #forms: number[] = [];
  /** The portal that waits, and whether it runs to its end. */
  #running: NamedPortal | null = null;

  constructor(host: ConnectionHost, session: HostSession, reader: MessageReader) {
    this.#host = host;
    this.#session = session;
    this.#reader = reader;
  }

  // ---- statements ----

  parse(): void {
    const reader = this.#reader;
    const name = reader.name();
    const text = reader.text();
    const count = reader.half();
    const types: (string | null)[] = [];
    for (let index = 0; index < count; index++) {
      const oid = reader.word() >>> 0;
      const type = typeOfOid(oid);
      if (type === undefined) throw wireError('42704', `type with OID ${oid} does not exist`);
      types.push(type);
    }
    reader.done();
    if (name === '') this.#forget('');
    else if (this.#find(name) !== undefined) throw wireError('42P05', `prepared statement "${name}" already exists`);
    const statement = this.#session.prepare(text, types);
    if (name !== '') {
      this.#session.named(name, statement);
      this.#namesSeen = this.#session.namesVersion;
    }
    this.#statements.set(name, { statement, told: null, idle: null, idleFor: null });
    putParseComplete(this.#host.output);
  }

  #forget(name: string): void {
    const named = this.#statements.get(name);
    if (named === undefined) return;
    named.idle?.close();
    this.#statements.delete(name);
    for (const [portalName, portal] of this.#portals) if (portal.named === named) this.#closePortal(portalName);
  }

  /** What SQL has done to names since (PREPARE, DEALLOCATE, DISCARD) holds here, too: they are one list. */
  #find(name: string): NamedStatement | undefined {
    if (this.#namesSeen !== this.#session.namesVersion) this.#lookAtNames();
    const found = this.#statements.get(name);
    if (found !== undefined || name === '') return found;
    const statement = this.#session.statementNamed(name);
    if (statement === null) return undefined;
    const made: NamedStatement = { statement, told: null, idle: null, idleFor: null };
    this.#statements.set(name, made);
    return made;
  }

  #lookAtNames(): void {
    this.#namesSeen = this.#session.namesVersion;
    for (const [name, { statement }] of this.#statements)
      if (name !== '' && statement !== null && this.#session.statementNamed(name) !== statement) this.#forget(name);
  }

  #statement(name: string): NamedStatement {
    const found = this.#find(name);
    if (found !== undefined) return found;
    throw wireError(
      '26000',
      name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${name}" does not exist`,
    );
  }

  // ---- portals ----

  bind(): void {
    const reader = this.#reader;
    const portalName = reader.name();
    const statementName = reader.name();
    const named = this.#statement(statementName);
    const unnamed = portalName === '';
    if (unnamed) this.#closePortal('');
    else if (this.#portals.has(portalName)) throw wireError('42P03', `cursor "${portalName}" already exists`);
    const values = unnamed ? this.#values : new EncodedValues();
    this.#readValues(values);
    const key = this.#resultForms(named);
    reader.done();
    const { statement } = named;
    if (statement !== null && statement.parameters.length !== values.count) {
      throw wireError(
        '08P01',
        `bind message supplies ${values.count} parameters, but prepared statement "${statementName}" requires ${statement.parameters.length}`,
      );
    }
    if (this.#session.status === 'failed' && statement !== null && !statement.endsBlock) throw failedBlock();
    const is = statement === null ? null : described(statement, key);
    if (is !== null && named.told !== null && !sameColumns(named.told.columns, is.columns))
      throw wireError('0A000', 'cached plan must not change result type');
    this.#portals.set(portalName, new NamedPortal(named, key, is, values));
    if (values.count > 0) this.#inChunk.push(values);
    putBindComplete(this.#host.output);
  }

  #readValues(values: EncodedValues): void {
    const reader = this.#reader;
    const forms = this.#forms;
    const formCount = reader.half();
    for (let index = 0; index < formCount; index++) forms[index] = formOf(reader.half());
    const count = reader.half() & 0xffff;
    if (formCount > 1 && formCount !== count)
      throw wireError('08P01', `bind message has ${formCount} parameter formats but ${count} parameters`);
    values.begin(reader.bytes);
    for (let index = 0; index < count; index++) {
      const length = reader.word();
      const form = formCount === 0 ? 0 : forms[formCount === 1 ? 0 : index];
      values.add(length < 0 ? reader.at : reader.skip(length), length, form === 1 ? 'binary' : 'text');
    }
  }

  /** The key of described(). */
  #resultForms({ statement }: NamedStatement): string {
    const reader = this.#reader;
    const count = reader.half();
    if (count === 0) return 'T';
    if (count === 1) return formOf(reader.half()) === 1 ? 'B' : 'T';
    const columns = statement === null ? 0 : statement.columns.length;
    if (count !== columns) throw wireError('08P01', `bind message has ${count} result formats but query has ${columns} columns`);
    let key = '';
    for (let index = 0; index < count; index++) key += formOf(reader.half()) === 1 ? 'B' : 'T';
    return key;
  }

  #portal(name: string): NamedPortal {
    const found = this.#portals.get(name);
    if (found !== undefined) return found;
    throw wireError('34000', `portal "${name}" does not exist`);
  }

  #closePortal(name: string): void {
    const found = this.#portals.get(name);
    if (found === undefined) return;
    this.#portals.delete(name);
    const { portal, named } = found;
    found.portal = null;
    if (portal === null) return;
    portal.close();
    if (portal instanceof CopyPortal) return;
    named.idle = portal;
    named.idleFor = found.described;
  }

  // ---- describing ----

  describe(): void {
    const reader = this.#reader;
    const kind = reader.byte();
    const name = reader.name();
    reader.done();
    const { output } = this.#host;
    if (kind === PORTAL) {
      const { named, described: is } = this.#portal(name);
      this.#tell(named, is);
      return;
    }
    if (kind !== STATEMENT) throw wireError('08P01', `invalid DESCRIBE message subtype ${kind}`);
    const named = this.#statement(name);
    const { statement } = named;
    if (this.#session.status === 'failed' && statement !== null && statement.columns.length > 0) throw failedBlock();
    putParameterDescription(output, statement === null ? [] : statement.parameters.map((type) => typeOid(type.name)));
    this.#tell(named, statement === null ? null : described(statement, 'T'));
  }

  #tell(named: NamedStatement, is: Described | null): void {
    if (is === null) {
      putBytes(this.#host.output, NO_DATA);
      return;
    }
    named.told = is;
    putBytes(this.#host.output, is.message);
  }

  // ---- running ----

  /** `isLast`: a Sync is all that follows. False: it waits, goOn() will be called. */
  execute(isLast: boolean): boolean {
    const reader = this.#reader;
    const name = reader.name();
    const rowsMax = Math.max(0, reader.word());
    reader.done();
    const found = this.#portal(name);
    const { statement } = found.named;
    if (statement === null) {
      putEmptyQuery(this.#host.output);
      return true;
    }
    if (this.#session.status === 'failed' && !statement.endsBlock) throw failedBlock();
    // More may come: it belongs to the same transaction.
    if (!isLast || rowsMax > 0) this.#session.beginBatch();
    return this.#ended(found, this.#run(found, statement, rowsMax));
  }

  #run(found: NamedPortal, statement: HostStatement, rowsMax: number): Outcome | typeof COPYING {
    if (found.state === 'suspended') return (found.portal as HostPortal).resume(rowsMax);
    const { kind } = statement;
    if (found.state === 'bound' && (kind === 'copyIn' || kind === 'copyOut')) {
      const copy = new CopyPortal(this.#host, this.#session.copy(statement), kind === 'copyIn');
      found.portal = copy;
      return copy.begin();
    }
    if (found.state === 'done') {
      // Nothing is left of it.
      return DONE;
    }
    const portal = this.#newPortal(found, statement);
    found.portal = portal;
    return portal.begin(found.values, rowsMax);
  }

  #newPortal({ named, described: is }: NamedPortal, statement: HostStatement): HostPortal {
    const { idle } = named;
    if (idle !== null && named.idleFor === is) {
      named.idle = null;
      return idle;
    }
    return this.#session.portal(statement, (is as Described).format);
  }

  goOn(outcome: Outcome): boolean {
    return this.#ended(this.#running as NamedPortal, outcome);
  }

  /** The COPY that waits for rows; null: there is none. */
  get copying(): CopyPortal | null {
    const portal = this.#running?.portal;
    return portal instanceof CopyPortal && portal.isIn ? portal : null;
  }

  #ended(found: NamedPortal, outcome: Outcome | typeof COPYING): boolean {
    if (outcome === PENDING || outcome === COPYING) {
      this.#running = found;
      return false;
    }
    this.#running = null;
    const portal = found.portal as HostPortal | CopyPortal;
    const { output } = this.#host;
    if (outcome === DONE) {
      if (portal instanceof CopyPortal && found.state === 'bound') portal.ended();
      if (found.state === 'done') putComplete(output, completion({ tag: portal.tag, rows: 0, changes: 0 }));
      else putComplete(output, completion(portal));
      found.state = 'done';
    } else {
      found.state = 'suspended';
      putPortalSuspended(output);
    }
    return true;
  }

  close(): void {
    const reader = this.#reader;
    const kind = reader.byte();
    const name = reader.name();
    reader.done();
    if (kind === PORTAL) this.#closePortal(name);
    else if (kind === STATEMENT) this.#close(name);
    else throw wireError('08P01', `invalid CLOSE message subtype ${kind}`);
    putCloseComplete(this.#host.output);
  }

  #close(name: string): void {
    if (name !== '') this.#session.named(name, null);
    this.#forget(name);
  }

  /** The transaction goes on, or has ended and its portals with it. */
  afterBatch(): void {
    if (this.#portals.size > 0 && this.#session.status === 'idle') this.#closePortals();
  }

  /** A Query: what has no name goes. */
  dropUnnamedOfAll(): void {
    this.dropUnnamed();
    // Portals that were made of it go on.
    this.#statements.delete('');
  }

  /** An error: the portal without a name goes. */
  dropUnnamed(): void {
    this.#running = null;
    this.#closePortal('');
  }

  #closePortals(): void {
    for (const name of this.#portals.keys()) this.#closePortal(name);
  }

  /** The bytes of the batch are another's from here on: values that are still wanted are copied. */
  keepValues(): void {
    const values = this.#inChunk;
    if (values.length === 0) return;
    for (const portal of this.#portals.values())
      if (portal.state === 'bound' && portal !== this.#running && values.includes(portal.values)) portal.values.own();
    values.length = 0;
  }

  end(): void {
    this.#closePortals();
    for (const name of this.#statements.keys()) this.#forget(name);
  }
}

const NO_DATA = Buffer.from([0x6e, 0, 0, 0, 4]);

const failedBlock = (): Error =>
  wireError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');

function formOf(word: number): number {
  if (word === 0 || word === 1) return word;
  throw wireError('22023', `unsupported format code: ${word}`);
}
