import { deepStrictEqual, match, rejects, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { manifestOf, pluginText } from './plugin-fixture.ts';
import { FAULTS_MAX, type PluginWorker, Shelf } from './shelf.ts';
import type { SentPlugin } from './worker-plugins.ts';

/** A control plane of so many workers that note what they are told. */
function house(workers: number, builtIn = [manifestOf('1.0.0')]) {
  const told: string[] = [];
  const warnings: string[] = [];
  const refuses = new Set<string>();
  const files = new Map<string, string>();
  const seats: PluginWorker[] = Array.from({ length: workers }, (_, index) => ({
    usePlugin: async ({ number, dialect }: SentPlugin) => {
      await Promise.resolve();
      if (refuses.has(`${index}:${number}`)) throw new Error(`worker ${index} refuses ${number}`);
      told.push(`${index}:${dialect}=${number}`);
    },
    removeDialect: async (dialect: string) => void told.push(`${index}:${dialect}=none`),
  }));
  const shelf = new Shelf(
    {
      workers: () => seats,
      serve: async ({ dialect }) => void told.push(`serve ${dialect}`),
      probe: async (text) => {
        if (text.includes('BROKEN')) throw new Error('it fails its self-test');
      },
      readFile: async (path) => files.get(path) ?? Promise.reject(new Error(`no file ${path}`)),
      warn: (message) => void warnings.push(message),
    },
    builtIn,
  );
  const add = (path: string, version: string, selfTest = ''): string => {
    files.set(path, pluginText(version, selfTest));
    return path;
  };
  const take = (): string[] => told.splice(0);
  const current = (): string[] => shelf.list().filter((one) => one.isCurrent).map(({ manifest }) => manifest.version); // biome-ignore format: one step
  return { shelf, seats, add, take, current, refuses, warnings };
}

test('a version goes to one worker after another, and back', async () => {
  const { shelf, add, take, current } = house(3);
  await shelf.load(add('a', '1.1.0'));
  deepStrictEqual([take(), current()], [[], ['1.0.0']], 'loaded is not used');
  await shelf.swap('echo', '1.1.0');
  deepStrictEqual([take(), current()], [['0:echo=1', '1:echo=1', '2:echo=1'], ['1.1.0']]);
  strictEqual((await shelf.rollback('echo')).manifest.version, '1.0.0');
  deepStrictEqual([take(), current()], [['0:echo=0', '1:echo=0', '2:echo=0'], ['1.0.0']]);
  await rejects(shelf.rollback('echo'), { code: '55000' });
});

test('what one worker refuses, none uses', async () => {
  const { shelf, add, take, current, refuses } = house(3);
  await shelf.load(add('a', '1.1.0'));
  refuses.add('1:1');
  await rejects(shelf.swap('echo', '1.1.0'), /worker 1 refuses 1/);
  deepStrictEqual([take(), current()], [['0:echo=1', '0:echo=0', '1:echo=0'], ['1.0.0']]);
});

test('a file that fails, or is not there, changes nothing', async () => {
  const { shelf, add, take, current } = house(1);
  await rejects(shelf.load('nowhere'), /no file nowhere/);
  await rejects(shelf.replace(add('a', '1.1.0', 'BROKEN()')), /self-test/);
  await rejects(shelf.swap('echo', '9.9.9'), { code: '42704' });
  await rejects(shelf.swap('morse', '1.0.0'), { code: '42704' });
  deepStrictEqual([take(), current(), shelf.list().length], [[], ['1.0.0'], 1]);
});

test('changes come one after another, and the same file twice is one version', async () => {
  const { shelf, add, take } = house(2);
  const [first, second] = await Promise.all([
    shelf.replace(add('a', '1.1.0')),
    shelf.replace(add('b', '1.2.0')),
    shelf.load('a'),
  ]);
  deepStrictEqual([first.number, second.number, shelf.list().length], [1, 2, 3]);
  deepStrictEqual(take(), ['0:echo=1', '1:echo=1', '0:echo=2', '1:echo=2']);
});

test('the first version of a dialect is listened for, and used at once; without one it is served no more', async () => {
  const { shelf, add, take, current } = house(1, []);
  await shelf.load(add('a', '1.0.0'));
  deepStrictEqual([take(), current()], [['0:echo=0', 'serve echo'], ['1.0.0']]);
  await rejects(shelf.unload('echo', '1.0.0'), { code: '55006' });
  await shelf.unload('echo');
  deepStrictEqual([take(), current()], [['0:echo=none'], []]);
  await rejects(shelf.unload('echo'), { code: '42704' });
});

test('a version that ends workers three times is rolled back by itself', async () => {
  const { shelf, add, current, warnings } = house(1);
  const { number } = await shelf.replace(add('a', '1.1.0'));
  for (let count = 1; count < FAULTS_MAX; count++) await shelf.fault(number, 'it looped');
  deepStrictEqual(current(), ['1.1.0']);
  await shelf.fault(number, 'it looped');
  deepStrictEqual(current(), ['1.0.0']);
  match(warnings.at(-1) ?? '', /1\.1\.0 was rolled back to 1\.0\.0/);
  await shelf.fault(0, 'it looped');
  await shelf.fault(0, 'it looped');
  await shelf.fault(0, 'it looped');
  match(warnings.at(-1) ?? '', /stays: there is no version before it/);
});

test('a worker that joins gets what has changed while it began', async () => {
  const { shelf, seats, add, take } = house(2);
  const sent = shelf.sent;
  await shelf.replace(add('a', '1.1.0'));
  take();
  deepStrictEqual(
    sent.map(({ number }) => number),
    [0],
  );
  await shelf.joined(seats[1]);
  deepStrictEqual(take(), ['1:echo=1']);
});

test('versions that nobody goes back to are forgotten', async () => {
  const { shelf, add } = house(1);
  for (let count = 1; count <= 30; count++) await shelf.replace(add(`f${count}`, `2.0.${count}`));
  const versions = shelf.list().map(({ manifest }) => manifest.version);
  strictEqual(versions.length, 10);
  strictEqual(versions.at(-1), '2.0.30');
  strictEqual(versions[0], '1.0.0', 'what comes with the server stays');
});
