import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { applyTransaction, ORDINARY_SIZES, planTransaction, replayModel, rowOfVersion } from './model.ts';

test('the same seed, session and number give the same transaction, another session another one', () => {
  const rows = replayModel(7, 1, 50, ORDINARY_SIZES);
  deepStrictEqual(planTransaction(7, 1, 51, rows, ORDINARY_SIZES), planTransaction(7, 1, 51, rows, ORDINARY_SIZES));
  ok(
    JSON.stringify(planTransaction(7, 1, 51, rows, ORDINARY_SIZES)) !==
      JSON.stringify(planTransaction(7, 2, 51, rows, ORDINARY_SIZES)),
  );
});

test('replaying in one go or step by step ends with the same rows', () => {
  const stepwise = replayModel(3, 0, 100, ORDINARY_SIZES);
  for (let number = 101; number <= 200; number++)
    applyTransaction(stepwise, planTransaction(3, 0, number, stepwise, ORDINARY_SIZES));
  deepStrictEqual(stepwise, replayModel(3, 0, 200, ORDINARY_SIZES));
});

test('changes of a plan fit the rows they meet: no insert of a key that is there, no update of one that is not', () => {
  const rows = new Map();
  for (let number = 1; number <= 500; number++) {
    const plan = planTransaction(11, 4, number, rows, ORDINARY_SIZES);
    const live = new Set(rows.keys());
    for (const change of plan.changes) {
      strictEqual(live.has(change.key), change.kind !== 'insert');
      if (change.kind === 'delete') live.delete(change.key);
      else live.add(change.key);
    }
    applyTransaction(rows, plan);
  }
});

test('a version stands for one row, and every sort of note occurs', () => {
  deepStrictEqual(rowOfVersion(5, ORDINARY_SIZES), rowOfVersion(5, ORDINARY_SIZES));
  const lengths = Array.from({ length: 2000 }, (_, version) => rowOfVersion(version, ORDINARY_SIZES).note?.length ?? -1);
  ok(lengths.includes(-1) && lengths.includes(0) && lengths.includes(ORDINARY_SIZES.hugeNote));
});
