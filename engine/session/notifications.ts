/**
 * LISTEN and NOTIFY: between the sessions of one database, whatever thread they are of. What a transaction says is sent when its
 * commit is durable, once for each channel and payload; LISTEN and UNLISTEN count from the commit on.
 *
 *   NOTIFY --(commit)--> sessions of this thread
 *                    \--> BroadcastChannel of the database --> those of the others
 *
 * A session gets what it has sent itself, too, as in PostgreSQL; nothing is kept for who does not listen.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SharedMemory } from '../../shm/shared-memory.ts';

export interface Notification {
  readonly channel: string;
  readonly payload: string;
  /** pg_backend_pid() of the session that sent it. */
  readonly processId: number;
}

/** PostgreSQL's limits: NAMEDATALEN - 1 bytes, and 8,000 with the closing zero. */
const CHANNEL_BYTES_MAX = 63;
const PAYLOAD_BYTES_MAX = 7999;

const hubs = new WeakMap<SharedMemory, Map<number, NotificationHub>>();

/** What the sessions of one thread share: one for each database that is open in it. */
export class NotificationHub {
  readonly #name: string;
  readonly #listeners = new Set<SessionNotifications>();
  #others: BroadcastChannel | null = null;

  constructor(shm: SharedMemory, database: number) {
    this.#name = `scratchbird ${shm.name} ${database}`;
  }

  /** `database`: its number, as the catalog has it. */
  static of(shm: SharedMemory, database: number): NotificationHub {
    const known = hubs.get(shm) ?? new Map<number, NotificationHub>();
    hubs.set(shm, known);
    const hub = known.get(database) ?? new NotificationHub(shm, database);
    known.set(database, hub);
    return hub;
  }

  /** Sends to whoever listens. */
  send(notifications: readonly Notification[]): void {
    const others = this.#open();
    others.postMessage(notifications);
    this.#deliver(notifications);
    if (this.#listeners.size === 0) {
      others.close();
      this.#others = null;
    }
  }

  /** The session gets what is sent from now on. */
  add(session: SessionNotifications): void {
    this.#listeners.add(session);
    this.#open();
  }

  /** With the last listener the channel goes; a NOTIFY after that opens it again. */
  remove(session: SessionNotifications): void {
    if (!this.#listeners.delete(session) || this.#listeners.size > 0) return;
    this.#others?.close();
    this.#others = null;
  }

  #open(): BroadcastChannel {
    if (this.#others === null) {
      const channel = new BroadcastChannel(this.#name);
      channel.onmessage = (event) => this.#deliver((event as unknown as { data: readonly Notification[] }).data);
      // Who only listens does not keep the program running.
      (channel as BroadcastChannel & { unref(): void }).unref();
      this.#others = channel;
    }
    return this.#others;
  }

  #deliver(notifications: readonly Notification[]): void {
    for (const session of this.#listeners) session.deliver(notifications);
  }
}

/** The channels of one session, and what its transaction has yet to say. */
export class SessionNotifications {
  readonly #hub: NotificationHub;
  readonly #processId: () => number;
  readonly #channels = new Set<string>();
  /** In the order in which they were said; applied by the commit. */
  #pending: { readonly kind: 'listen' | 'unlisten' | 'notify'; readonly channel: string | null; readonly payload: string }[] = [];
  /** Told of each; null: nobody wants to know. */
  onNotification: ((notification: Notification) => void) | null = null;

  constructor(hub: NotificationHub, processId: () => number) {
    this.#hub = hub;
    this.#processId = processId;
  }

  get channels(): readonly string[] {
    return [...this.#channels].sort();
  }

  listen(channel: string): void {
    this.#pending.push({ kind: 'listen', channel, payload: '' });
  }

  unlisten(channel: string | null): void {
    this.#pending.push({ kind: 'unlisten', channel, payload: '' });
  }

  /** 22023 */
  notify(channel: string, payload: string): void {
    if (channel === '') throw new SqlError(SQLSTATE.invalid_parameter_value, 'channel name cannot be empty');
    if (Buffer.byteLength(channel) > CHANNEL_BYTES_MAX)
      throw new SqlError(SQLSTATE.invalid_parameter_value, 'channel name too long');
    if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX)
      throw new SqlError(SQLSTATE.invalid_parameter_value, 'payload string too long');
    this.#pending.push({ kind: 'notify', channel, payload });
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  rolledBack(): void {
    this.#pending = [];
  }

  /** What is said now belongs to a transaction that has committed: `durable` calls when it may leave. */
  committed(durable: (send: () => void) => void): void {
    const pending = this.#pending;
    this.#pending = [];
    const said = new Map<string, Notification>();
    const processId = this.#processId();
    for (const { kind, channel, payload } of pending) {
      if (kind === 'notify') said.set(`${channel}\0${payload}`, { channel: channel as string, payload, processId });
      else if (kind === 'listen') this.#listen(channel as string);
      else this.#unlisten(channel);
    }
    if (said.size > 0) durable(() => this.#hub.send([...said.values()]));
  }

  #listen(channel: string): void {
    this.#channels.add(channel);
    this.#hub.add(this);
  }

  #unlisten(channel: string | null): void {
    if (channel === null) this.#channels.clear();
    else this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#hub.remove(this);
  }

  deliver(notifications: readonly Notification[]): void {
    if (this.onNotification === null) return;
    for (const one of notifications) if (this.#channels.has(one.channel)) this.onNotification(one);
  }

  close(): void {
    this.#pending = [];
    this.#unlisten(null);
  }
}
