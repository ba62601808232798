import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setYieldHook, yieldPoint } from './yield-point.ts';

test('yield point: calls the installed hook with its name, nothing without one, and hooks nest', () => {
  const seen: string[] = [];
  yieldPoint('a.before');
  strictEqual(
    setYieldHook((name) => seen.push(`outer ${name}`)),
    null,
  );
  yieldPoint('a.first');
  const outer = setYieldHook((name) => seen.push(`inner ${name}`));
  yieldPoint('a.second');
  setYieldHook(outer);
  yieldPoint('a.third');
  setYieldHook(null);
  yieldPoint('a.after');
  deepStrictEqual(seen, ['outer a.first', 'inner a.second', 'outer a.third']);
});

test('yield point: a hook may end the session there by throwing', (context) => {
  context.after(() => setYieldHook(null));
  setYieldHook(() => {
    throw new Error('ended');
  });
  throws(() => yieldPoint('a.b'), { message: 'ended' });
});

test('yield point: TESTING follows the environment of the process', () => {
  const source = `import { TESTING } from '${new URL('./yield-point.ts', import.meta.url).href}'; process.stdout.write(String(TESTING));`;
  const run = (value: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      env: { ...process.env, SCRATCHBIRD_TEST_BUILD: value },
      encoding: 'utf8',
    }).stdout;
  deepStrictEqual([run('1'), run('0'), run('')], ['true', 'false', 'false']);
});
