/**
 * Child processes of the torture run: started with the means to show their stacks, ended by their pid and waited for. A killed
 * child counts as gone when its exit was seen, never before: until then its directory may still be locked.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  readonly process: ChildProcess;
  /** Resolves when it has ended: exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  readonly isRunning: () => boolean;
  /** Last lines of what it printed. */
  readonly output: () => string;
  /** Where its stacks go when asked for. */
  readonly reports: string;
}

const OUTPUT_MAX = 16_384;

/** Children that run: ended with this process, whatever ends it. */
const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a script of this folder. `ledger`: descriptor that becomes its descriptor 3. `scratch`: a directory for its stacks. */
export function startChild(script: string, options: readonly string[], scratch: string, ledger?: number): Child {
  const reports = mkdtempSync(join(scratch, 'stacks-'));
  const stacks = ['--report-on-signal', '--report-signal=SIGUSR2', '--report-exclude-env', `--report-directory=${reports}`];
  const child = spawn(process.execPath, [...process.execArgv, ...stacks, join(import.meta.dirname, script), ...options], {
    stdio: ['ignore', 'pipe', 'pipe', ledger ?? 'ignore', 'ipc'],
    detached: false,
  });
  let text = '';
  const take = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-OUTPUT_MAX);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  running.add(child);
  let isRunning = true;
  const ended = new Promise<number | string>((resolve) => {
    const end = (how: number | string): void => {
      isRunning = false;
      running.delete(child);
      resolve(how);
    };
    child.once('error', (error) => {
      text += `\n${error.message}`;
      end('not started');
    });
    child.once('exit', (code, signal) => end(code ?? signal ?? 'unknown'));
  });
  return { process: child, ended, isRunning: () => isRunning, output: () => text.trim(), reports };
}

/** Kills it (-9) and waits until it is gone. */
export async function killChild(child: Child): Promise<void> {
  if (child.isRunning()) child.process.kill('SIGKILL');
  await child.ended;
}

/** Waits until the child ends. After the limit: its stacks, and it is killed. Null when it ended in time. */
export async function endsWithin(child: Child, milliseconds: number): Promise<string | null> {
  const late = Symbol('late');
  const abort = new AbortController();
  const limit = sleep(milliseconds, late, { signal: abort.signal }).catch(() => undefined);
  const how = await Promise.race([child.ended, limit]);
  abort.abort();
  if (how !== late) return null;
  return stacksAndKill(child);
}

/** What the threads of a hanging child are doing; then it is killed. */
export async function stacksAndKill(child: Child): Promise<string> {
  const stacks = await takeStacks(child);
  await killChild(child);
  return stacks;
}

async function takeStacks(child: Child): Promise<string> {
  const printed = child.output();
  child.process.kill('SIGUSR2');
  for (let turn = 0; turn < 40; turn++) {
    await sleep(100);
    const files = readdirSync(child.reports).filter((name) => name.endsWith('.json'));
    if (files.length === 0) continue;
    await sleep(200);
    try {
      return stacksOf(JSON.parse(readFileSync(join(child.reports, files[0]), 'utf8')) as ProcessReport) + shownOutput(printed);
    } catch {
      // Still being written: next turn.
    }
  }
  return `no stacks: the process did not answer within 4 s${shownOutput(printed)}`;
}

const shownOutput = (text: string): string => (text === '' ? '' : `\nit had printed:\n${text}`);

interface ProcessReport {
  readonly javascriptStack?: { readonly message?: string; readonly stack?: readonly string[] };
  readonly workers?: readonly ProcessReport[];
}

function stacksOf(report: ProcessReport): string {
  const one = (title: string, part: ProcessReport): string =>
    `${title}\n  ${(part.javascriptStack?.stack ?? ['(no JavaScript runs)']).join('\n  ')}`;
  return [
    one('main thread', report),
    ...(report.workers ?? []).map((worker, index) => one(`worker thread ${index}`, worker)),
  ].join('\n');
}
