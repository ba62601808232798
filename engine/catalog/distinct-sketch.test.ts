import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { DistinctSketch } from './distinct-sketch.ts';

test('few values are counted almost exactly, many with an error of some per cent, however often they come', () => {
  for (const [count, error] of [
    [0, 0],
    [1, 0],
    [100, 0.02],
    [5000, 0.05],
    [200_000, 0.06],
  ]) {
    for (const make of [(n: number) => n, (n: number) => `value ${n}`, (n: number) => n / 7 - 1000]) {
      const sketch = new DistinctSketch();
      for (let turn = 0; turn < 2; turn++) for (let n = 0; n < count; n++) sketch.add(make(n));
      ok(Math.abs(sketch.count() - count) <= error * count, `${sketch.count()} of ${count}`);
    }
  }
});

test('values that are equal count once', () => {
  const sketch = new DistinctSketch();
  for (let n = 0; n < 1000; n++) for (const value of [true, false, 0, -0, 'a']) sketch.add(value);
  strictEqual(sketch.count(), 4);
});
