/**
 * Threads of the pool that help with a statement: how the thread that runs it reaches them, and they it.
 *
 *   leader --post(task)--> channel of the pool --> each pool thread, woken from its sleep, takes what has come (pool-loop.ts)
 *   helper --answer(thread, message)--> channel of the leader --> receive(), without an event loop
 *
 * Messages are copies, but for SharedArrayBuffers, which both sides then see. A message finds whoever runs: nobody relies on being
 * heard, for a leader does by itself what nobody takes from it (codegen/jit/gather-stage.ts).
 *
 * Nothing here keeps the process alive. A thread that never leads nor helps makes no channel.
 */

import type { BroadcastChannel, MessagePort } from 'node:worker_threads';
import { isAlive, threadGeneration } from '../../shm/deaths.ts';
import { othersInEngine, THREAD_ROLE_POOL } from '../../shm/threads.ts';
import { nodeThreads } from '../../shm/node-modules.ts';
import type { Helpers } from '../plan/program.ts';
import { POOL_WANTED } from './jobs.layout.ts';
import { type Jobs, poolThreads } from './jobs.ts';
import { wakePool } from './pool-loop.ts';
import { wantPool } from './queue.ts';

interface Inbox {
  readonly channel: BroadcastChannel;
  /** What came while the event loop turned. */
  readonly come: unknown[];
}

function openInbox(name: string): Inbox {
  const { BroadcastChannel } = nodeThreads();
  const channel = new BroadcastChannel(name);
  const come: unknown[] = [];
  channel.onmessage = (event) => come.push((event as { data: unknown }).data);
  channel.unref();
  return { channel, come };
}

function nextOf(inbox: Inbox): unknown {
  if (inbox.come.length > 0) return inbox.come.shift();
  return nodeThreads().receiveMessageOnPort(inbox.channel as unknown as MessagePort)?.message;
}

export class PoolHelpers implements Helpers {
  readonly threads: number;
  readonly thread: number;
  readonly generation: number;
  readonly #jobs: Jobs;
  /** Tells databases of one process apart. */
  readonly #name: string;
  #pool: BroadcastChannel | null = null;
  #inbox: Inbox | null = null;
  /** Channels to leaders, by thread. */
  readonly #leaders = new Map<number, BroadcastChannel>();

  constructor(jobs: Jobs, name: string, poolSize: number) {
    this.#jobs = jobs;
    this.#name = name;
    this.threads = poolSize;
    this.thread = jobs.shm.thread;
    this.generation = threadGeneration(jobs.shm, this.thread);
  }

  get running(): number {
    return poolThreads(this.#jobs);
  }

  get busy(): number {
    return othersInEngine(this.#jobs.shm, THREAD_ROLE_POOL);
  }

  want(count: number): void {
    const jobs = this.#jobs;
    const wanted = Math.min(count, this.threads) - this.running;
    if (wanted <= 0) return;
    // One at a time: the next one can be asked for when it is there.
    wantPool(jobs);
    if (jobs.startPool !== null && Atomics.load(jobs.i32, jobs.poolWord) === POOL_WANTED) jobs.startPool();
  }

  post(message: unknown): void {
    this.#inbox ??= openInbox(this.#leaderName(this.thread));
    this.#pool ??= this.#open(this.#poolName);
    this.#pool.postMessage(message);
    wakePool(this.#jobs);
  }

  receive(): unknown {
    return this.#inbox === null ? undefined : nextOf(this.#inbox);
  }

  answer(thread: number, message: unknown): void {
    let channel = this.#leaders.get(thread);
    if (channel === undefined) {
      channel = this.#open(this.#leaderName(thread));
      this.#leaders.set(thread, channel);
    }
    channel.postMessage(message);
  }

  isAlive(thread: number, generation: number): boolean {
    const { shm } = this.#jobs;
    return threadGeneration(shm, thread) === generation && isAlive(shm, thread);
  }

  /** In a pool thread: what leaders have posted, from now on. */
  listen(): () => unknown {
    const inbox = openInbox(this.#poolName);
    this.#inbox = inbox;
    return () => nextOf(inbox);
  }

  close(): void {
    this.#inbox?.channel.close();
    this.#pool?.close();
    for (const channel of this.#leaders.values()) channel.close();
    this.#leaders.clear();
    this.#inbox = null;
    this.#pool = null;
  }

  #open(name: string): BroadcastChannel {
    const { BroadcastChannel } = nodeThreads();
    const channel = new BroadcastChannel(name);
    channel.unref();
    return channel;
  }

  get #poolName(): string {
    return `${this.#name} pool`;
  }

  #leaderName(thread: number): string {
    return `${this.#name} thread ${thread}`;
  }
}
