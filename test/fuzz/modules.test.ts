/**
 * Bytes of modules in both forms, changed: the hash refuses them, and where it is made to agree the verifier does, or they are a module.
 *   SCRATCHBIRD_SEED=n   the same bytes
 */

import { deepStrictEqual, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { bind } from '../../engine/plan/bind/bind.ts';
import { environmentOf, TABLE_T } from '../../engine/plan/bind/catalog-fixture.ts';
import { decodeBound, encodeBound } from '../../engine/sblr/binary-bound.ts';
import { decodeSource, encodeSource } from '../../engine/sblr/binary-source.ts';
import type { BoundModule } from '../../engine/sblr/bound.ts';
import { FORM_BOUND, FORM_SOURCE, type ModuleHeader, readModule, semanticsHash, writeModule } from '../../engine/sblr/header.ts';
import { pick, type Random, randomFrom } from '../../engine/sblr/source-fixture.ts';
import { verifyBound } from '../../engine/sblr/verify-bound.ts';
import { verifySource } from '../../engine/sblr/verify-source.ts';
import { parseText } from '../../parsers/postgresql/parse.ts';
import { semantics } from '../../parsers/postgresql/semantics.ts';
import { SqlError } from '../../shm/errors.ts';
import { AMBIGUOUS } from '../oracle/ambiguous.ts';
import { TABLE_G } from '../oracle/tables.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 4000;

const isSqlError = (error: unknown): boolean => error instanceof SqlError;

/** Bits, bytes, lengths, pieces: what transport and malice do. */
function changed(random: Random, bytes: Buffer): Buffer {
  const at = (): number => Math.floor(random() * bytes.length);
  const copy = Buffer.from(bytes);
  switch (Math.floor(random() * 5)) {
    case 0:
      return copy.subarray(0, at());
    case 1:
      for (let count = 1 + Math.floor(random() * 4); count > 0; count--) copy[at()] ^= 1 << Math.floor(random() * 8);
      return copy;
    case 2:
      for (let count = 1 + Math.floor(random() * 3); count > 0; count--)
        copy[at()] = pick(random, [0, 0xff, 0xdd, 0xdf, 0xc6, 0x7f, 0x80]);
      return copy;
    case 3: {
      const [from, to] = [at(), at()].sort((a, b) => a - b);
      return Buffer.concat([copy.subarray(0, to), copy.subarray(from)]);
    }
    default:
      return Buffer.concat([copy.subarray(0, at()), copy.subarray(at())]);
  }
}

interface Sample {
  readonly form: number;
  readonly header: ModuleHeader;
  readonly bytes: Buffer;
  readonly read: (bytes: Uint8Array) => void;
}

const LIMITS = { literals: 0, tokens: 1000 };

const headerOf = (statement: string): ModuleHeader => ({
  dialect: 'postgresql',
  semantics: semanticsHash(semantics),
  statement,
  ...LIMITS,
  parameters: 0,
  columns: 0,
  shaping: [],
  settings: [],
});

function samples(): Sample[] {
  const made: Sample[] = [];
  for (const text of AMBIGUOUS) {
    try {
      const [{ source, parameterCount }] = parseText(text, { standardStrings: true, namedParameters: false });
      const parameterTypes = new Array(parameterCount).fill(null);
      const module: BoundModule = bind(source, environmentOf(semantics, [TABLE_T, TABLE_G], { parameterTypes }));
      const header = headerOf(source.op);
      made.push({
        form: FORM_BOUND,
        header,
        bytes: encodeBound(module, header),
        read: (bytes) => verifyBound(decodeBound(bytes).module),
      });
      made.push({
        form: FORM_SOURCE,
        header,
        bytes: encodeSource({ header, statement: source }),
        read: (bytes) => verifySource(decodeSource(bytes).statement, LIMITS),
      });
    } catch (error) {
      ok(isSqlError(error), String((error as Error).stack));
    }
  }
  return made;
}

test('changed bytes are refused by the hash; with a hash that agrees they are refused or a module, in both forms', () => {
  console.log(`fuzz of modules: SCRATCHBIRD_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const all = samples();
  ok(all.length > 200, `${all.length} modules`);
  const outcomes: { readonly [form: number]: { refused: number; read: number } } = {
    [FORM_SOURCE]: { refused: 0, read: 0 },
    [FORM_BOUND]: { refused: 0, read: 0 },
  };
  for (let round = 0; round < ROUNDS; round++) {
    const { form, header, bytes, read } = pick(random, all);
    const say = `SCRATCHBIRD_SEED=${SEED}, round ${round}`;
    const broken = changed(random, bytes);
    if (!broken.equals(bytes)) throws(() => read(broken), isSqlError, say);
    const body = Buffer.from(readModule(form, bytes).body);
    const forged = writeModule(form, header, changed(random, body));
    try {
      read(forged);
      outcomes[form].read++;
    } catch (error) {
      ok(isSqlError(error), `${say}: ${(error as Error).stack}`);
      outcomes[form].refused++;
    }
  }
  for (const [form, { refused, read }] of Object.entries(outcomes))
    ok(refused > 100 && read > 10, `form ${form}: ${refused} refused, ${read} read`);
});

test('one form is not taken for the other, nor anything else for a module', () => {
  const all = samples();
  const [bound, source] = [FORM_BOUND, FORM_SOURCE].map((form) => all.find((one) => one.form === form) as Sample);
  throws(() => source.read(bound.bytes), isSqlError);
  throws(() => bound.read(source.bytes), isSqlError);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(200), Buffer.from('select 1'), Buffer.alloc(2 ** 20, 0xdf)]) {
    throws(() => bound.read(bytes), isSqlError);
    throws(() => source.read(bytes), isSqlError);
  }
  deepStrictEqual(decodeSource(source.bytes).header.dialect, 'postgresql');
});
