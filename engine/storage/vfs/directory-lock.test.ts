import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { adoptDirectoryLock, lockDirectory } from './directory-lock.ts';

const LOCK = 'scratchbird.lock';
const MODULE = new URL('./directory-lock.ts', import.meta.url).href;

function directoryFor(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-lock-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A lock file as a process left it; `claims` overrides what it says about its owner. */
function leaveLock(directory: string, claims: object, name = LOCK): void {
  const lock = lockDirectory(directory);
  const owner = JSON.parse(readFileSync(join(directory, LOCK), 'utf8'));
  lock.release();
  writeFileSync(join(directory, name), JSON.stringify({ ...owner, ...claims }));
}

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

/** A process that runs `body` with `lockDirectory` and `directory` in scope and speaks in lines. */
function processWith(directory: string, body: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const source = `import { lockDirectory } from '${MODULE}';\nconst directory = ${JSON.stringify(directory)};\n${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
}

test('lock: a second taking fails and names our own pid, until the first is released', (context) => {
  const directory = directoryFor(context);
  const lock = lockDirectory(directory);
  throws(() => lockDirectory(directory), { name: 'SqlError', code: '55006', message: new RegExp(`pid ${process.pid}`) });
  lock.release();
  const again = lockDirectory(directory);
  lock.release();
  throws(() => lockDirectory(directory), { code: '55006' }, 'a second release leaves the later lock alone');
  again.release();
  deepStrictEqual(readdirSync(directory), []);
});

test('lock: a second process is refused and told the pid of the first; after kill -9 the lock is taken over', async (context) => {
  const directory = directoryFor(context);
  const { child, lines } = processWith(directory, `lockDirectory(directory); console.log('held'); setInterval(() => {}, 1000);`);
  strictEqual((await lines.next()).value, 'held');
  throws(() => lockDirectory(directory), { code: '55006', message: new RegExp(`process ${child.pid}`) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDirectory(directory).release();
});

test('lock: a killed process that nobody has waited for yet (a zombie) holds nothing', (context) => {
  if (process.platform !== 'linux') return context.skip('needs /proc');
  const directory = directoryFor(context);
  // The shell starts a child and becomes, before that ends, a program that never waits for children.
  const shell = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => shell.kill('SIGKILL'));
  return once(shell.stdout, 'data').then(async ([data]) => {
    const pid = Number(String(data));
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    while (stat()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    leaveLock(directory, { pid, started: stat()[19] });
    lockDirectory(directory).release();
  });
});

test('lock: a pid that lives but belongs to another program since (start time, boot) does not block', (context) => {
  if (process.platform !== 'linux') return context.skip('needs /proc');
  const directory = directoryFor(context);
  leaveLock(directory, { started: '1' });
  lockDirectory(directory).release();
  leaveLock(directory, { boot: '00000000-0000-0000-0000-000000000000' });
  lockDirectory(directory).release();
  leaveLock(directory, {});
  throws(() => lockDirectory(directory), { code: '55006' }, 'the same data unchanged does block');
});

test('lock: where the system tells neither start time nor boot, a living pid is the owner and a dead one is not', (context) => {
  const directory = directoryFor(context);
  leaveLock(directory, { started: undefined, boot: undefined });
  throws(() => lockDirectory(directory), { code: '55006' });
  rmSync(join(directory, LOCK));
  leaveLock(directory, { pid: deadPid(), started: undefined, boot: undefined });
  lockDirectory(directory).release();
});

test('lock: one that a power failure emptied or cut is taken over, and so is an emptied takeover of it', (context) => {
  const directory = directoryFor(context);
  for (const text of ['', '{"pid":', 'null', '{"pid":-1,"token":"a"}', '{"pid":7,"token":"../../x"}']) {
    writeFileSync(join(directory, LOCK), text);
    lockDirectory(directory).release();
  }
  leaveLock(directory, { pid: deadPid(), token: 'aa' });
  writeFileSync(join(directory, `${LOCK}.takeover-aa`), '');
  lockDirectory(directory).release();
  deepStrictEqual(readdirSync(directory), []);
});

test('lock: processes that died while taking over leave nothing that blocks, however often', (context) => {
  const directory = directoryFor(context);
  const pid = deadPid();
  leaveLock(directory, { pid, token: 'a0' });
  const chain = ['a0', 'a1', 'a2', 'a3'];
  for (const [i, token] of chain.entries()) {
    writeFileSync(join(directory, `${LOCK}.takeover-${token}`), JSON.stringify({ pid, token: `a${i + 1}` }));
  }
  writeFileSync(join(directory, `${LOCK}.claim-b0`), JSON.stringify({ pid, token: 'b0' }));
  lockDirectory(directory).release();
  deepStrictEqual(readdirSync(directory), []);
});

test('lock: another thread of this process that knows the token can release it', (context) => {
  const directory = directoryFor(context);
  throws(() => adoptDirectoryLock(directory, 'aa'), { code: '58030' });
  const { token } = lockDirectory(directory);
  throws(() => adoptDirectoryLock(directory, 'aa'), { code: '55006' });
  adoptDirectoryLock(directory, token).release();
  lockDirectory(directory).release();
});

test('lock: a directory that is not there is an I/O error with its path', (context) => {
  const directory = join(directoryFor(context), 'missing');
  throws(() => lockDirectory(directory), { code: '58030', message: /missing/ });
});

/** Takes the lock again and again, and while it holds it looks whether it is alone, by an exclusive file. */
const CONTENDER = `
  import { closeSync, openSync, unlinkSync } from 'node:fs';
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const nap = (ms) => Atomics.wait(sleeper, 0, 0, ms);
  console.log('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  let taken = 0;
  for (const end = Date.now() + 1500; Date.now() < end; ) {
    let lock;
    try { lock = lockDirectory(directory); }
    catch (error) { if (error.code !== '55006') throw error; nap(Math.random() * 2); continue; }
    closeSync(openSync(directory + '/inside', 'wx'));
    nap(Math.random() * 2);
    unlinkSync(directory + '/inside');
    lock.release();
    taken++;
  }
  console.log(String(taken));
  process.exit(0);`;

test('lock: four processes that fight for it never hold it together, and each gets it', { timeout: 60_000 }, async (context) => {
  const directory = directoryFor(context);
  const all = Array.from({ length: 4 }, () => processWith(directory, CONTENDER));
  for (const { lines } of all) strictEqual((await lines.next()).value, 'ready');
  for (const { child } of all) child.stdin!.write('go\n');
  for (const { lines } of all) ok(Number((await lines.next()).value) > 0, 'a contender that failed prints no count');
});

/** One try in each round, on a lock whose owner is dead; the winner keeps it until the round is over. */
const HEIR = `
  import { createInterface } from 'node:readline';
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const [step, at] = line.split(' ');
    while (Date.now() < Number(at));
    if (step === 'end') { globalThis.lock?.release(); globalThis.lock = undefined; console.log('ended'); continue; }
    try { globalThis.lock = lockDirectory(directory); console.log('won'); }
    catch (error) { console.log(error.code); }
  }`;

test('lock: of four processes that find a dead owner at the same moment exactly one takes over', {
  timeout: 120_000,
}, async (context) => {
  const directory = directoryFor(context);
  const pid = deadPid();
  const all = Array.from({ length: 4 }, () => processWith(directory, HEIR));
  context.after(() => {
    for (const { child } of all) child.kill('SIGKILL');
  });
  const tell = async (line: string) => {
    for (const { child } of all) child.stdin!.write(`${line}\n`);
    const answers: string[] = [];
    for (const { lines } of all) answers.push((await lines.next()).value);
    return answers.sort();
  };
  for (const { lines } of all) strictEqual((await lines.next()).value, 'ready');
  for (let round = 0; round < 150; round++) {
    const token = `dead-${round}`;
    leaveLock(directory, { pid, token });
    if (round % 3 === 0) {
      writeFileSync(join(directory, `${LOCK}.takeover-${token}`), JSON.stringify({ pid, token: `f${round}` }));
    }
    deepStrictEqual(await tell(`take ${Date.now() + 3}`), ['55006', '55006', '55006', 'won'], `round ${round}`);
    await tell(`end 0`);
  }
  deepStrictEqual(readdirSync(directory), []);
});
