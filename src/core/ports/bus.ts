/** Port of the bus between nodes. */
import type { BusBody, BusBodyOf } from '../bus.ts';

/** `unacknowledged`: it was sent, but not every node has said that it has taken it in; `failed`: it may not have been sent at all. */
export type Delivery = 'acknowledged' | 'unacknowledged' | 'failed';

/** Between the nodes of one database, on the main thread. What is sent while it is not up, is lost. */
export type Bus = {
  /** Takes in what comes from other nodes; one taker a kind. */
  on<T extends BusBody['type']>(type: T, take: (body: BusBodyOf<T>, from: string) => void): void;
  /** Called when it is up again (also for the first time, when that is late): something may have been missed. */
  onUp(take: () => void): void;
  onLost(take: () => void): void;
  isUp(): boolean;
  /** To every other node, without knowing whether it arrives. */
  send(body: BusBody): void;
  /** To every other node; settles when all have taken it in, or the bus has waited long enough. Never rejects. */
  deliver(body: BusBody): Promise<Delivery>;
};
