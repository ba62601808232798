import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bundleDialect } from '../../codegen/package/dialects.ts';
import { CONTRACT_VERSION } from '../contract/connection.ts';
import { DEFAULT_PARSE_SETTINGS } from '../contract/contract.ts';
import { CLOCK_WORDS, lookAt, PluginClock, PluginWatch } from './clock.ts';
import { guarded, runScript, selfTest } from './loaded-plugin.ts';
import { manifestOf, pluginText, scriptOf } from './plugin-fixture.ts';
import { readPluginFile, writePluginFile } from './plugin-file.ts';
import { probe } from './probe.ts';
import { WorkerPlugins } from './worker-plugins.ts';

/** V8's own, which no program sees unless it asks for it. */
function collectGarbage(): (options: object) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: object) => void;
}

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(CLOCK_WORDS * 4));

test('a file tells what it is in its first line, and is refused when it is not what that line says', () => {
  const text = pluginText('1.0.0');
  const { manifest } = readPluginFile(text, 'x');
  strictEqual(`${manifest.dialect} ${manifest.version}`, 'echo 1.0.0');
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['', /does not begin/],
    ['exports.plugin = {}', /does not begin/],
    [`${text} `, /its SHA-256 is [0-9a-f]{64}, its first line says/],
    [text.replace('{"name"', '{"name'), /no JSON/],
    [text.replace('"echo"', '"Echo!"'), /its name is not a word/],
    [text.replace('1.0.0', 'new'), /not of the form/],
    [text.replace(`"contract":${CONTRACT_VERSION}`, '"contract":99'), /made for contract 99/],
    [text.replace('"port":0', '"port":70000'), /its port/],
    [text.replace('"capabilities":[]', '"capabilities":["flight"]'), /"flight", which there is not/],
    [text.replace(/"sha256":"[0-9a-f]+"/, '"sha256":"0"'), /has no SHA-256/],
  ];
  for (const [wrong, why] of refusals) throws(() => readPluginFile(wrong, 'x'), { code: '42P17', message: why });
});

test('a script is refused when it fails, exports something else, or does not pass its own test', () => {
  const read = (script: string) => readPluginFile(writePluginFile(manifestOf('1.0.0'), script), 'x');
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['syntax error here', /its script fails: .*SyntaxError/s],
    ['throw new Error("no")', /its script fails: Error: no/],
    ['', /exports no `plugin`/],
    [scriptOf(manifestOf('1.0.1')), /its manifest is not that of its first line/],
    [scriptOf(manifestOf('1.0.0')).replace('selfTest', 'other'), /no function selfTest/],
    [scriptOf(manifestOf('1.0.0')).replace('parse: nothing,', ''), /its dialect has no function parse/],
    [scriptOf(manifestOf('1.0.0', { dialect: 'other' })), /its manifest/],
  ];
  for (const [script, why] of refusals) throws(() => runScript(read(script)), { code: '42P17', message: why });
  const failing = runScript(read(scriptOf(manifestOf('1.0.0'), 'throw new Error("two and two are five")')));
  throws(() => selfTest(failing), { code: '42P17', message: /fails its self-test: two and two are five/ });
});

test('a script is handed nothing that leads to the system', () => {
  const names = ['process', 'require', 'globalThis', 'global', 'fetch', 'setTimeout', 'WebAssembly', 'Worker'];
  const seen = `host.seen`;
  const top = `if (${names.map((name) => `typeof ${name} !== 'undefined'`).join(' || ')}) throw new Error('${seen}');`;
  const plugin = runScript(readPluginFile(pluginText('1.0.0', '', top), 'x'));
  strictEqual(plugin.makeVerifier('x').length, 64, 'but cryptography is');
});

test('errors of a plugin are of the one class that the engine knows', () => {
  const plugin = runScript(readPluginFile(pluginText('1.0.0'), 'x'));
  throws(() => plugin.dialect.parse('', DEFAULT_PARSE_SETTINGS), { code: '0A000', name: 'SqlError' });
});

test("PostgreSQL's dialect is one file of its own that passes its test and reads as the sources do", async () => {
  const entry = "export { postgresqlWire as plugin } from './parsers/postgresql/wire-plugin.ts';";
  const text = await bundleDialect(entry);
  const file = readPluginFile(text, 'x');
  await probe(text, file);
  const { postgresqlWire } = await import('../../parsers/postgresql/wire-plugin.ts');
  const { dialect } = runScript(file);
  const sql = 'select a, count(*) from t where b = 1 group by a';
  const read = (from: typeof dialect): string => from.render(from.parse(sql, DEFAULT_PARSE_SETTINGS)[0].source);
  strictEqual(read(dialect), read(postgresqlWire.dialect));
  deepStrictEqual(dialect.semantics, postgresqlWire.dialect.semantics);
});

test('a version is tried in a thread of its own, which may loop, throw, or run out of memory', async () => {
  const trying = (selfTest: string, top?: string): Promise<void> => {
    const text = pluginText('1.0.0', selfTest, top);
    return probe(text, readPluginFile(text, 'x'), 1500);
  };
  await trying('');
  await rejects(trying('throw new Error("no")'), { code: '42P17', message: /fails its self-test: no/ });
  await rejects(trying('for (;;);'), { code: '42P17', message: /did not come to an end within 1.5 s/ });
  await rejects(trying('', 'for (;;);'), { code: '42P17', message: /did not come to an end/ });
});

test('the clock is odd inside plugin code, even in the engine, and never the same twice', () => {
  const memory = words();
  const clock = new PluginClock(memory);
  const seen = new Set<number>();
  const look = (plugin: number): void => {
    const { count, ...rest } = lookAt(memory);
    deepStrictEqual(rest, { plugin });
    ok(!seen.has(count), `count ${count} comes again`);
    seen.add(count);
  };
  look(-1);
  const outside = clock.enter(3);
  look(3);
  const inside = clock.leave();
  look(-1);
  const again = clock.enter(4);
  look(4);
  clock.restore(again, 3);
  look(-1);
  clock.restore(inside, 3);
  look(3);
  clock.restore(outside, 3);
  look(-1);
});

test('who has been inside plugin code without coming back for too long is told, by number', () => {
  const memory = words();
  const clock = new PluginClock(memory);
  const watch = new PluginWatch(memory, 2000);
  const before = clock.enter(7);
  strictEqual(watch.stuck(0), -1);
  strictEqual(watch.stuck(1900), -1);
  strictEqual(watch.stuck(2100), 7);
  clock.restore(before, 7);
  strictEqual(watch.stuck(9000), -1, 'it has come back');
  clock.enter(7);
  strictEqual(watch.stuck(9100), -1, 'and has just gone in again');
  strictEqual(watch.stuck(11_000), -1);
  strictEqual(watch.stuck(11_200), 7);
  strictEqual(watch.stuck(60_000), -1, 'the whole process was stopped meanwhile');
  strictEqual(watch.stuck(61_900), -1);
  strictEqual(watch.stuck(62_100), 7);
  clock.restore(clock.enter(7), 7);
  clock.enter(7);
  for (let now = 62_200; now < 82_000; now += 1000) strictEqual(watch.stuck(now, 100), -1, 'it has no processor');
  strictEqual(watch.stuck(82_300, 100), 7);
});

test('a worker keeps an old version for its connections and no longer', () => {
  const plugins = new WorkerPlugins(new PluginClock(words()), []);
  const use = (number: number, version: string): void => void plugins.use({ number, text: pluginText(version), dialect: 'echo' });
  strictEqual(plugins.open('echo'), null);
  use(1, '1.0.0');
  const old = plugins.open('echo');
  ok(old !== null);
  use(2, '1.0.1');
  const young = plugins.open('echo');
  strictEqual(young?.loaded.manifest.version, '1.0.1');
  deepStrictEqual(
    plugins.figures().map(({ number, connections, isCurrent }) => [number, connections, isCurrent]),
    [[1, 1, false], [2, 1, true]], // biome-ignore format: a table
  );
  throws(() => plugins.use({ number: 3, text: 'junk', dialect: 'echo' }), { code: '42P17' });
  deepStrictEqual(
    plugins.figures().map(({ number }) => number),
    [1, 2],
    'what was refused changes nothing',
  );
  plugins.close(old);
  deepStrictEqual(
    plugins.figures().map(({ number }) => number),
    [2],
  );
  plugins.remove('echo');
  strictEqual(plugins.open('echo'), null);
  deepStrictEqual(
    plugins.figures().map(({ number }) => number),
    [2],
    'its connection goes on',
  );
  plugins.close(young);
  deepStrictEqual(plugins.figures(), []);
});

test('code of versions that are gone can be collected', async () => {
  const plugins = new WorkerPlugins(new PluginClock(words()), []);
  const gone: WeakRef<object>[] = [];
  const one = (number: number): void => {
    plugins.use({ number, text: pluginText(`1.0.${number}`), dialect: 'echo' });
    const used = plugins.open('echo');
    if (used === null) throw new Error('not served');
    gone.push(new WeakRef(used.loaded.plugin));
    plugins.close(used);
  };
  for (let number = 1; number <= 200; number++) one(number);
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const left = gone.filter((ref) => ref.deref() !== undefined).length;
  ok(left <= 1, `${left} of 200 versions are still there`);
});

test('a guarded dialect hands on what its plugin says, under a version of its own', () => {
  const memory = words();
  const plugin = runScript(readPluginFile(pluginText('1.0.0'), 'x'));
  const { dialect } = guarded(plugin, 5, 'abc', new PluginClock(memory));
  strictEqual(dialect.version, '1 #5');
  strictEqual(dialect.normalise('x', DEFAULT_PARSE_SETTINGS), null);
  throws(() => dialect.parse('x', DEFAULT_PARSE_SETTINGS), { code: '0A000' });
  strictEqual(lookAt(memory).plugin, -1, 'an error comes out of the plugin, too');
});
