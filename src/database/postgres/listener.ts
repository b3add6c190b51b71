// LISTEN for a whole process on one connection, which comes back by itself and tells its listeners that it did.
import type { Client, PoolConfig } from 'pg';
import type { Clock } from '#foundation/clock.ts';
import { errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { ListenOptions } from '../port.ts';
import { createClient } from './pool.ts';

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 5_000;

interface Subscriber {
  readonly channel: string;
  readonly onMessage: (payload: string) => void;
  readonly onReconnect: (() => void) | undefined;
}

export interface ListenerSetup {
  /** Where the server is; for an embedded one this also brings it back. */
  readonly locate: () => Promise<PoolConfig>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Listener {
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    options?: ListenOptions,
  ): Promise<AsyncDisposable>;
  close(): Promise<void>;
}

/** What the functions below share; one for each listener. */
interface State {
  readonly setup: ListenerSetup;
  readonly subscribers: Set<Subscriber>;
  readonly closing: AbortController;
  connection: Promise<Client> | null;
}

export function createListener(setup: ListenerSetup): Listener {
  const state: State = { setup, subscribers: new Set(), closing: new AbortController(), connection: null };
  return {
    async listen(channel, onMessage, options) {
      const subscriber = { channel, onMessage, onReconnect: options?.onReconnect };
      state.subscribers.add(subscriber);
      try {
        await ensure(state, channel);
      } catch (error) {
        state.subscribers.delete(subscriber);
        throw error;
      }
      return {
        [Symbol.asyncDispose]: async () => {
          state.subscribers.delete(subscriber);
          if (state.subscribers.size === 0) await end(state);
        },
      };
    },
    async close() {
      state.closing.abort();
      state.subscribers.clear();
      await end(state);
    },
  };
}

async function connect(state: State): Promise<Client> {
  const { subscribers, setup, closing } = state;
  const client = createClient(await setup.locate());
  client.on('notification', ({ channel, payload }) => {
    for (const subscriber of subscribers)
      if (subscriber.channel === channel) subscriber.onMessage(payload ?? '');
  });
  client.on('error', (error) => setup.log.debug({ error: error.message }, 'the listening connection broke'));
  await client.connect();
  client.once('end', () => {
    state.connection = null;
    if (!closing.signal.aborted && subscribers.size > 0) void reconnect(state);
  });
  for (const channel of new Set([...subscribers].map((s) => s.channel)))
    await client.query(listenTo(channel));
  return client;
}

async function reconnect(state: State): Promise<void> {
  const { subscribers, setup, closing } = state;
  for (let pauseMs = FIRST_PAUSE_MS; !closing.signal.aborted && subscribers.size > 0; pauseMs *= 2) {
    state.connection ??= connect(state);
    const attempt = state.connection;
    try {
      await attempt;
      for (const subscriber of subscribers) subscriber.onReconnect?.();
      return;
    } catch (error) {
      if (state.connection === attempt) state.connection = null;
      setup.log.debug({ error: errorMessage(error) }, 'listening again failed; trying once more');
      await setup.clock.sleep(Math.min(pauseMs, LAST_PAUSE_MS), closing.signal).catch(() => undefined);
    }
  }
}

async function ensure(state: State, channel: string): Promise<void> {
  state.connection ??= connect(state);
  const mine = state.connection;
  try {
    await (await mine).query(listenTo(channel));
  } catch (error) {
    if (state.connection === mine) state.connection = null;
    throw error;
  }
}

async function end(state: State): Promise<void> {
  const open = state.connection;
  state.connection = null;
  const client = await open?.catch(() => null);
  await client
    ?.end()
    .catch((error: unknown) =>
      state.setup.log.debug({ error: errorMessage(error) }, 'closing a broken connection'),
    );
}

function listenTo(channel: string): string {
  return `LISTEN "${channel.replaceAll('"', '""')}"`;
}
