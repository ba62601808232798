/**
 * Which tests show which rule of the design (docs/rules.md): each text below stands in a test of that file. A rule without a test, a
 * test that is gone and a rule that code cites but the page does not have are failures here.
 */

import { deepStrictEqual } from 'node:assert/strict';
import test from 'node:test';
import { exists, findPaths, readProject, readText } from './check/project.ts';
import { findUnknownRules, RULES_PAGE, rulesOf } from './check/rules.ts';

/** [file, text of a test's name or of an interleaving case's]. */
type Shown = readonly [file: string, text: string];

const KERNEL = 'test/interleave/kernel.test.ts';
const CRASH = 'test/interleave/crash.test.ts';
const BTREE = 'test/interleave/btree.test.ts';
const COLLECTOR = 'test/interleave/collector.test.ts';
const LOCKS = 'test/interleave/locks.test.ts';
const LITMUS = 'test/shm/litmus.test.ts';

const SHOWN: { readonly [rule: string]: readonly Shown[] } = {
  'SM-S1': [['shm/shared-memory.test.ts', 'SM-S1']],
  'SM-S2': [['engine/storage/vfs/real-vfs.test.ts', 'WebAssembly memory included']],
  'SM-S3': [['shm/shared-memory.test.ts', 'follow each other without overlap, on cache lines of their own']],
  'SM-S4': [['codegen/structs/structs.test.ts', 'generated accessors write each field where it was declared and nowhere else']],
  'SM-S5': [['shm/shared53.test.ts', 'never sees half of two values']],
  'SM-S6': [['shm/shared-memory.test.ts', 'SM-S6']],
  'SM-L1': [
    [LITMUS, 'SM-L1'],
    ['test/interleave/cases/frame-latch.case.ts', 'SM-L1'],
  ],
  'SM-L2': [
    [LITMUS, 'SM-L2'],
    ['test/interleave/cases/frame-latch.case.ts', 'SM-L2'],
  ],
  'SM-L3': [['test/interleave/cases/btree-split.case.ts', 'SM-L3']],
  'SM-L4': [
    [LITMUS, 'SM-L4'],
    ['test/interleave/cases/frame-latch.case.ts', 'SM-L4'],
    [KERNEL, 'SM-L4'],
  ],
  'SM-L5': [[KERNEL, 'SM-L5']],
  'SM-L6': [
    [LITMUS, 'SM-L6'],
    [BTREE, 'SM-L6'],
  ],
  'SM-L7': [
    ['test/shm/deaths.test.ts', 'SM-L7'],
    ['test/interleave/cases/page-table.case.ts', 'SM-L7'],
  ],
  'SM-P2': [
    [KERNEL, 'SM-P2'],
    ['engine/api/entries-exact.test.ts', 'SM-P2'],
  ],
  'SM-P1': [
    [KERNEL, 'SM-P1'],
    ['engine/storage/cache/page-cache.test.ts', 'SM-P1'],
  ],
  'SM-F1': [['engine/storage/space/space.test.ts', '(SM-F1)']],
  'SM-F2': [
    ['engine/storage/space/space.test.ts', '(SM-F2)'],
    [LITMUS, 'SM-F2'],
  ],
  'SM-F3': [['engine/storage/btree/rules.test.ts', 'the root keeps its page']],
  'SM-B1': [['test/interleave/cases/btree-collect.case.ts', 'SM-B1']],
  'SM-B2': [[KERNEL, 'SM-B2']],
  'SM-B3': [
    [BTREE, 'SM-B3'],
    [KERNEL, 'SM-B3'],
  ],
  'SM-B4': [
    [BTREE, 'SM-B4'],
    [COLLECTOR, 'SM-B4'],
    [KERNEL, 'SM-B4'],
  ],
  'SM-B5': [
    [KERNEL, 'SM-B5'],
    ['test/sql/deferrable-keys.test.ts', 'nothing doubled commits'],
  ],
  'SM-W1': [['engine/storage/log/log.test.ts', 'SM-W1']],
  'SM-W2': [
    ['engine/storage/recovery/damage.test.ts', 'SM-W2'],
    [CRASH, 'SM-W2'],
  ],
  'SM-W3': [
    [CRASH, 'SM-W3'],
    ['test/interleave/event-loops.test.ts', 'SM-W3'],
  ],
  'SM-W4': [['engine/storage/log/crash.test.ts', 'SM-W4']],
  'SM-W5': [
    [CRASH, 'SM-W5'],
    ['engine/storage/cache/double-write.test.ts', 'SM-W5'],
  ],
  'SM-W6': [
    [CRASH, 'SM-W6'],
    ['engine/storage/recovery/recover.test.ts', 'SM-W6'],
  ],
  'SM-W7': [
    [CRASH, 'SM-W7'],
    ['engine/storage/recovery/recover.test.ts', 'SM-W7'],
  ],
  'SM-W8': [
    [CRASH, 'SM-W8'],
    ['engine/storage/recovery/recover.test.ts', 'SM-W8'],
  ],
  'SM-W9': [['engine/storage/recovery/recover.test.ts', 'crash']],
  'SM-W10': [
    ['engine/storage/recovery/damage.test.ts', 'SM-W10'],
    ['engine/storage/check.test.ts', 'SM-W10'],
  ],
  'TX-T1': [['engine/txn/txn.test.ts', 'TX-T1']],
  'TX-T2': [
    [KERNEL, 'TX-T2'],
    ['engine/txn/txn.test.ts', 'TX-T2'],
  ],
  'TX-T3': [[KERNEL, 'TX-T3']],
  'TX-T4': [
    [KERNEL, 'TX-T4'],
    ['engine/txn/txn.test.ts', 'TX-T4'],
  ],
  'TX-T5': [['engine/txn/uuid.test.ts', 'TX-T5']],
  'TX-T6': [
    [KERNEL, 'TX-T6'],
    [COLLECTOR, 'TX-T6'],
  ],
  'TX-T7': [
    [CRASH, 'TX-T7'],
    ['engine/storage/log/threads.test.ts', 'TX-T7'],
  ],
  'TX-T8': [
    [CRASH, 'TX-T8'],
    [KERNEL, 'TX-T8'],
  ],
  'TX-T9': [[CRASH, 'TX-T9']],
  'TX-T10': [
    [LOCKS, 'TX-T10'],
    ['engine/txn/txn.test.ts', 'repeatable read sees one state'],
  ],
  'TX-T13': [
    [LOCKS, 'TX-T13'],
    ['engine/txn/row-locks.test.ts', 'TX-T13'],
  ],
  'TX-T14': [
    [LOCKS, 'TX-T14'],
    ['engine/txn/table-locks.test.ts', 'TX-T14'],
    ['engine/txn/table-locks-threads.test.ts', 'TX-T14'],
  ],
  'TX-T15': [
    [KERNEL, 'TX-T15'],
    ['test/interleave/event-loops.test.ts', 'TX-T15'],
    ['engine/txn/ends.test.ts', 'TX-T15'],
  ],
  'TX-T16': [
    [LOCKS, 'TX-T16'],
    ['engine/txn/serializable.test.ts', 'TX-T16'],
  ],
  'TX-T17': [
    [KERNEL, 'TX-T17'],
    [COLLECTOR, 'TX-T17'],
  ],
  'TX-T18': [
    [KERNEL, 'TX-T18'],
    [COLLECTOR, 'TX-T18'],
  ],
  'TX-T19': [[CRASH, 'TX-T19']],
  'SBLR-E1': [['codegen/jit/jit-shapes.test.ts', 'an error at its place']],
  'SBLR-E2': [['codegen/jit/jit-shapes.test.ts', 'wide rows and narrow ones agree']],
  'SBLR-E3': [['codegen/jit/jit-order.test.ts', 'goes on without giving one twice']],
  'SBLR-G3': [['codegen/jit/jit-shapes.test.ts', 'functions that V8 optimises']],
  'SBLR-G7': [['engine/values/regex.test.ts', 'SBLR-G7']],
  'SBLR-R1': [
    ['codegen/jit/jit.test.ts', 'as an object'],
    ['engine/exec/output-run.test.ts', 'rows have the bytes of the format'],
  ],
  'SBLR-R2': [['test/wire/values.test.ts', 'as PostgreSQL sends it']],
  'SBLR-R3': [['engine/exec/output-run.test.ts', 'no row is lost and none comes twice']],
  'SBLR-V1': [['codegen/jit/jit.test.ts', 'same rows as JavaScript']],
  'SBLR-V2': [['codegen/jit/jit-aggregate.test.ts', 'hold what they hold in JavaScript']],
  'SBLR-V6': [['codegen/jit/jit-aggregate.test.ts', 'many groups']],
  'SBLR-V8': [
    ['codegen/jit/jit-order.test.ts', 'in memory and through runs'],
    ['codegen/jit/jit-morsels.test.ts', 'first rows that do not fit'],
  ],
  'SBLR-G4': [['codegen/rows/rows.test.ts', 'gets into generated source']],
  'SBLR-V7': [['codegen/rows/key-codec.test.ts', 'order']],
  'SBLR-N1': [['parsers/postgresql/normalise.test.ts', 'a statement means the same with and without its literals']],
  'SBLR-N2': [
    ['engine/plan/bind/bind.test.ts', 'literals whose values decide what a statement means are named'],
    [
      'test/sql/shared-statements.test.ts',
      'values of literals that shape a statement are part of its key; those of others are not',
    ],
  ],
  'SBLR-N3': [
    ['test/sql/shared-statements.test.ts', 'what one thread has bound another one runs without binding it'],
    ['test/sql/shared-statements.test.ts', 'rights are checked for each role, whoever has bound the statement'],
    [
      'engine/exec/module-cache.test.ts',
      'it stays within its bytes: what was asked for since the hand passed stays, the rest goes',
    ],
  ],
  'SBLR-N4': [['test/dialect/dialect.test.ts', 'looks a name up among the']],
  'SBLR-N5': [
    ['test/dialect/dialect.test.ts', 'a column that is no key is any of its group, or an error'],
    ['test/oracle/postgresql.test.ts', 'statements that hang on a rule are described as PostgreSQL describes them'],
  ],
  'SBLR-N6': [
    ['engine/plan/bind/bind.test.ts', 'scale and digits of exact numbers are carried through expressions'],
    ['engine/plan/bind/bind.test.ts', 'what may be NULL follows from'],
  ],
  'SBLR-N7': [['test/oracle/postgresql.test.ts', 'names and types of random expressions are those of PostgreSQL']],
  'SBLR-N8': [['engine/plan/bind/bind.test.ts', 'rights: reading asks for select']],
  'SBLR-E4': [['engine/plan/bind/bind.test.ts', 'a cast that fails is an error only where it is sure to be evaluated']],
  'SBLR-E5': [['engine/api/describe.test.ts', 'EXPLAIN ANALYZE runs the statement and tells how many rows each node gave']],
  'SBLR-E6': [['codegen/jit/jit-subplan.test.ts', 'asked by the values that it reads, whether answers are kept or not']],
};

/** Rules for what is built on the kernel, and rules of form that a test cannot show by itself. */
const NOT_SHOWN_HERE = new Set(['TX-T11', 'TX-T12', 'SBLR-G1', 'SBLR-G5', 'SBLR-R4', 'SBLR-V9']);

/** The rules that name an interleaving: each has a case under the scheduler. */
const INTERLEAVED =
  'SM-L1 SM-L2 SM-L4 SM-L5 SM-L6 SM-L7 SM-P1 SM-P2 SM-B2 SM-B3 SM-B4 SM-B5 SM-W1 SM-W2 SM-W3 SM-W5 SM-W6 SM-W7 SM-W8 SM-W9 ' +
  'TX-T2 TX-T3 TX-T4 TX-T6 TX-T7 TX-T8 TX-T9 TX-T10 TX-T13 TX-T14 TX-T15 TX-T16 TX-T17 TX-T18 TX-T19';

test('every rule has a test', () => {
  const missing = rulesOf(readText(RULES_PAGE)).filter((rule) => SHOWN[rule] === undefined && !NOT_SHOWN_HERE.has(rule));
  deepStrictEqual(missing, []);
});

test('every test that is said to show a rule is there', () => {
  const gone = Object.entries(SHOWN).flatMap(([rule, tests]) =>
    tests
      .filter(([file, text]) => !exists(file) || !readText(file).includes(text))
      .map(([file, text]) => `${rule}: ${file} has no '${text}'`),
  );
  deepStrictEqual(gone, []);
});

test('every rule that names an interleaving has a case', () => {
  const names = findPaths(['test/interleave/cases/*.case.ts'])
    .map((path) => /^ {2}name: '(.*)',$/m.exec(readText(path))?.[1] ?? '')
    .join('\n');
  const missing = INTERLEAVED.split(' ').filter((rule) => !new RegExp(`\\b${rule}\\b`).test(names));
  deepStrictEqual(missing, []);
});

test('every rule that code cites is explained', () => {
  deepStrictEqual(findUnknownRules(readProject()), []);
  const found = findUnknownRules([{ path: 'shm/a.ts', text: `// ${'SM'}-Z1, SM-L1` }], '| SM-L1 | a |\n| SM-L1 | b |');
  deepStrictEqual(found, ['docs/rules.md has SM-L1 twice', `shm/a.ts cites ${'SM'}-Z1, which docs/rules.md does not have`]);
});
