import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import * as nodeFs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SeededRandom } from '../world.ts';
import { type FileCalls, RealVfs } from './real-vfs.ts';
import { type VfsFile, ZEROS } from './vfs.ts';

/** Shared WebAssembly memory is what segments are made of (SM-S2); Node's types do not name it. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number; shared: boolean }) => { buffer: SharedArrayBuffer };
};

function directoryFor(context: TestContext): string {
  const directory = nodeFs.mkdtempSync(join(tmpdir(), 'scratchbird-vfs-'));
  context.after(() => nodeFs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const systemError = (code: string): Error => Object.assign(new Error(`${code}: told to fail`), { code });

function contentOf(file: VfsFile): string {
  const target = new Uint8Array(file.size());
  strictEqual(file.read(0, target, 0, target.length), target.length);
  return new TextDecoder().decode(target);
}

/** node:fs with some calls replaced. */
const withCalls = (calls: Partial<FileCalls>): RealVfs => new RealVfs({ ...nodeFs, ...calls } as FileCalls);

test('real vfs: reads and writes go straight to and from shared memory, WebAssembly memory included', (context) => {
  const file = new RealVfs().open(join(directoryFor(context), 'a'), 'createNew');
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  for (const buffer of [memory.buffer, new SharedArrayBuffer(65536), new ArrayBuffer(65536)]) {
    const view = new Uint8Array(buffer);
    view.set(bytes('0123456789'), 100);
    file.write(5, view, 100, 10);
    file.writeParts(15, [view.subarray(100, 103), new Uint8Array(0), view.subarray(109, 110)]);
    strictEqual(file.read(6, view, 1000, 100), 13, 'fewer bytes only at the end of the file');
    strictEqual(Buffer.from(view.slice(1000, 1013)).toString(), '1234567890129');
  }
  file.close();
});

test('real vfs: room that was allocated reads as zeros and has its blocks, whether the system can do that at once or not', (context) => {
  const path = join(directoryFor(context), 'a');
  for (const vfs of [new RealVfs(), withCalls({})]) {
    const file = vfs.open(path, 'create');
    file.truncate(0);
    file.write(0, bytes('before'), 0, 6);
    file.allocate(4096, 3 << 19);
    strictEqual(file.size(), 4096 + (3 << 19));
    strictEqual(contentOf(file), `before${'\0'.repeat(4090 + (3 << 19))}`);
    if (process.platform === 'linux') ok(nodeFs.statSync(path).blocks * 512 >= 3 << 19, 'it has its blocks');
    file.close();
  }
  const full = withCalls({
    writeSync: () => {
      throw systemError('ENOSPC');
    },
  }).open(path, 'create');
  throws(() => full.allocate(0, 4096), { code: '53100', message: new RegExp(path) });
  full.close();
});

test('real vfs: each open mode takes and refuses what it says', (context) => {
  const vfs = new RealVfs();
  const path = join(directoryFor(context), 'a');
  throws(() => vfs.open(path, 'existing'), { code: '58030', message: new RegExp(path) });
  vfs.open(path, 'create').close();
  vfs.open(path, 'create').close();
  vfs.open(path, 'existing').close();
  throws(() => vfs.open(path, 'createNew'), { code: '58030' });
  strictEqual(nodeFs.statSync(path).mode & 0o777, 0o600);
});

test('real vfs: files and directories are made, listed, renamed, removed, cut and grown', (context) => {
  const vfs = new RealVfs();
  const directory = join(directoryFor(context), 'x', 'y');
  vfs.makeDirectory(directory);
  vfs.makeDirectory(directory);
  const file = vfs.open(join(directory, 'b'), 'createNew');
  vfs.open(join(directory, 'a'), 'createNew').close();
  vfs.syncDirectory(directory);
  const lock = vfs.lock(directory);
  deepStrictEqual(vfs.list(directory), ['a', 'b'], 'sorted, and without the lock');
  throws(() => vfs.lock(directory), { code: '55006' });
  vfs.adoptLock(directory, lock.token).release();
  file.write(0, bytes('abcdef'), 0, 6);
  file.truncate(3);
  strictEqual(contentOf(file), 'abc');
  file.truncate(5);
  strictEqual(contentOf(file), 'abc\0\0');
  file.sync();
  vfs.rename(join(directory, 'b'), join(directory, 'a'));
  deepStrictEqual(vfs.list(directory), ['a']);
  vfs.remove(join(directory, 'a'));
  strictEqual(vfs.exists(join(directory, 'a')), false);
  strictEqual(vfs.exists(directory), true);
  strictEqual(contentOf(file), 'abc\0\0', 'who has it open keeps it');
  file.close();
  file.close();
  throws(() => file.size(), { name: 'InvariantError' });
  throws(() => vfs.remove(join(directory, 'a')), { code: '58030', message: /remove .*a/ });
  throws(() => vfs.list(join(directory, 'none')), { code: '58030' });
  throws(() => vfs.syncDirectory(join(directory, 'none')), { code: '58030' });
});

test('real vfs: transfers that the system cuts short or interrupts are continued until they are whole', (context) => {
  const seed = 11;
  context.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const trip = () => {
    if (random.chance(0.3)) throw systemError(random.chance(0.5) ? 'EINTR' : 'EAGAIN');
  };
  let short = 0;
  const cut = (length: number): number => {
    const few = 1 + random.below(length);
    short += few < length ? 1 : 0;
    return few;
  };
  const vfs = withCalls({
    readSync: ((fd: number, target: Uint8Array, offset: number, length: number, position: number) => {
      trip();
      return nodeFs.readSync(fd, target, offset, cut(length), position);
    }) as typeof nodeFs.readSync,
    writeSync: ((fd: number, source: Uint8Array, offset: number, length: number, position: number) => {
      trip();
      return nodeFs.writeSync(fd, source, offset, cut(length), position);
    }) as typeof nodeFs.writeSync,
    writevSync: ((fd: number, parts: Uint8Array[], position: number) => {
      trip();
      const all = Buffer.concat(parts);
      return nodeFs.writeSync(fd, all, 0, cut(all.length), position);
    }) as typeof nodeFs.writevSync,
    fdatasyncSync: (fd) => {
      trip();
      nodeFs.fdatasyncSync(fd);
    },
  });
  const file = vfs.open(join(directoryFor(context), 'a'), 'createNew');
  let expected = '';
  for (let round = 0; round < 50; round++) {
    const parts = Array.from({ length: random.below(6) }, (_, i) => `${round}.${i};`.repeat(random.below(40)));
    file.writeParts(expected.length, parts.map(bytes));
    expected += parts.join('');
    const text = `w${round};`.repeat(1 + random.below(100));
    file.write(expected.length, bytes(`??${text}`), 2, text.length);
    expected += text;
  }
  file.sync();
  strictEqual(contentOf(file), expected);
  ok(short > 100, `${short} transfers were cut short`);
  file.close();
});

test('real vfs: a gather write of more parts than one call takes is whole', (context) => {
  const file = new RealVfs().open(join(directoryFor(context), 'a'), 'createNew');
  const parts = Array.from({ length: 5000 }, (_, i) => bytes(`${i},`));
  file.writeParts(7, parts);
  strictEqual(contentOf(file), '\0'.repeat(7) + parts.map((part) => Buffer.from(part).toString()).join(''));
  file.close();
});

test('real vfs: no space, no quota and too large a file are 53100 with the path; all else is 58030 with its cause', (context) => {
  const directory = directoryFor(context);
  const fail = (code: string) => (): never => {
    throw systemError(code);
  };
  for (const [code, expected] of [
    ['ENOSPC', '53100'],
    ['EDQUOT', '53100'],
    ['EFBIG', '53100'],
    ['EIO', '58030'],
    ['EBADF', '58030'],
  ] as const) {
    const vfs = withCalls({
      writeSync: fail(code),
      writevSync: fail(code),
      fdatasyncSync: fail(code),
      ftruncateSync: fail(code),
      readSync: fail(code),
      fdatasync: ((_: number, done: (error: Error) => void) =>
        setImmediate(done, systemError(code))) as unknown as typeof nodeFs.fdatasync,
    });
    const path = join(directory, code);
    const file = vfs.open(path, 'createNew');
    const wanted = { name: 'SqlError', code: expected, message: new RegExp(path) };
    throws(() => file.write(0, bytes('x'), 0, 1), wanted);
    throws(() => file.writeParts(0, [bytes('x')]), wanted);
    throws(() => file.sync(), wanted);
    throws(() => file.truncate(9), wanted);
    throws(
      () => file.read(0, new Uint8Array(1), 0, 1),
      (error: Error) => (error.cause as NodeJS.ErrnoException).code === code,
    );
    file.close();
  }
});

test('real vfs: a disk that is really full says so', {
  skip: nodeFs.existsSync('/dev/full') ? false : 'no /dev/full here',
}, () => {
  const file = new RealVfs().open('/dev/full', 'existing');
  throws(() => file.write(0, ZEROS, 0, 4096), { code: '53100', message: /\/dev\/full/ });
  file.close();
});

test('real vfs: a call that is interrupted for ever, or writes nothing, fails instead of hanging', (context) => {
  const path = join(directoryFor(context), 'a');
  const interrupted = withCalls({
    readSync: () => {
      throw systemError('EINTR');
    },
  }).open(path, 'createNew');
  throws(() => interrupted.read(0, new Uint8Array(1), 0, 1), { code: '58030' });
  interrupted.close();
  const idle = withCalls({ writeSync: () => 0 }).open(path, 'existing');
  throws(() => idle.write(0, bytes('x'), 0, 1), { code: '58030', message: /0 bytes/ });
  idle.close();
});

test('real vfs: syncLater reports once, and a close meanwhile waits for it', async (context) => {
  const closed: number[] = [];
  const waiting: (() => void)[] = [];
  const vfs = withCalls({
    fdatasync: ((_: number, done: (error: Error | null) => void) =>
      waiting.push(() => done(null))) as unknown as typeof nodeFs.fdatasync,
    closeSync: (fd) => {
      closed.push(fd);
      nodeFs.closeSync(fd);
    },
  });
  const path = join(directoryFor(context), 'a');
  const file = vfs.open(path, 'createNew');
  let results: (Error | null)[] = [];
  for (let i = 0; i < 2; i++) file.syncLater((error) => results.push(error));
  file.close();
  waiting[0]!();
  strictEqual(closed.length, 0, 'one sync is still on its way');
  waiting[1]!();
  strictEqual(closed.length, 1);
  deepStrictEqual(results, [null, null]);

  results = [];
  const real = new RealVfs().open(path, 'existing');
  real.write(0, bytes('x'), 0, 1);
  await new Promise<void>((resolve) =>
    real.syncLater((error) => {
      results.push(error);
      resolve();
    }),
  );
  deepStrictEqual(results, [null]);
  real.close();
});

test('real vfs: a syncLater that fails hands over a SqlError', async (context) => {
  const vfs = withCalls({
    fdatasync: ((_: number, done: (error: Error) => void) =>
      setImmediate(done, systemError('EIO'))) as unknown as typeof nodeFs.fdatasync,
  });
  const path = join(directoryFor(context), 'a');
  const file = vfs.open(path, 'createNew');
  const error = await new Promise<Error | null>((resolve) => file.syncLater(resolve));
  strictEqual((error as { code?: string }).code, '58030');
  ok(error?.message.includes(path));
  file.close();
});
