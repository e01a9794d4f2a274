/**
 * Stands between a program and Postgres, and cuts connections where it hurts: it reads along (frontend messages of protocol 3,
 * https://www.postgresql.org/docs/current/protocol-message-formats.html) and picks for each transaction, lone query and connection
 * whether and how it is cut.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { Component } from '../../src/core/ports.ts';

export const CUTS = [
  /** After some of what the program sends in a transaction, also in the middle of a message. */
  'program bytes',
  /** After some of what Postgres answers in a transaction. */
  'postgres bytes',
  /** The data is there, its end is not. */
  'before copy end',
  'after copy end',
  'before commit',
  /** Postgres gets it or does not, and then sees the connection end. */
  'with commit',
  /** Postgres has committed; nobody hears of it. */
  'after commit',
] as const;
export type Cut = (typeof CUTS)[number];

export type TcpCutter = {
  /** The target's, with the cutter's port. */
  url: string;
  /** Share of transactions that are to be cut; 0 at first: everything goes through. */
  share: number;
  /** Cuts so far. */
  counts: Record<Cut, number>;
  total(): number;
};

export async function startTcpCutter({ target, random }: { target: string; random: () => number }): Promise<Component<TcpCutter>> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((program) => {
    const postgres = connect(Number(port), hostname);
    const link = new CutLink(program, postgres, cutter, random);
    for (const [socket, forward] of [
      [program, (bytes: Buffer) => link.fromProgram(bytes)],
      [postgres, (bytes: Buffer) => link.fromPostgres(bytes)],
    ] as const) {
      open.add(socket);
      socket.setNoDelay(true).on('data', (bytes) => forward(bytes as Buffer));
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        open.delete(socket);
        link.end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(target);
  url.port = String(typeof address === 'object' ? address?.port : '');
  const cutter: TcpCutter = {
    url: url.href,
    share: 0,
    counts: Object.fromEntries(CUTS.map((cut) => [cut, 0])) as Record<Cut, number>,
    total: () => Object.values(cutter.counts).reduce((sum, n) => sum + n, 0),
  };
  return {
    value: cutter,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Bytes of a typical transaction; a cut after more than there are does not happen. */
const PROGRAM_BYTES = 4_000;
const POSTGRES_BYTES = 700;
const TYPE = 1;
const LENGTH = 4;
const [QUERY, PARSE, BIND, SYNC, COPY_DONE] = Buffer.from('QPBSc');

class CutLink {
  readonly #program: Socket;
  readonly #postgres: Socket;
  readonly #cutter: TcpCutter;
  readonly #random: () => number;
  /** What of a message has come. */
  #partial: Buffer = Buffer.alloc(0);
  /** The first message has no type. */
  #isStarted = false;
  #isInTransaction = false;
  /** Between the first message of a lone query, which is a transaction of its own, and the Sync that commits it. */
  #isInQuery = false;
  #plan: Cut | null = null;
  /** For cuts after so many bytes: how many are still let through. */
  #bytesLeft = 0;
  /** Cut at the next answer, which is not passed on. */
  #isLastWord = false;
  /** Nothing more of the program is passed on: the cut follows what was. */
  #isDeaf = false;
  #isCut = false;

  constructor(program: Socket, postgres: Socket, cutter: TcpCutter, random: () => number) {
    this.#program = program;
    this.#postgres = postgres;
    this.#cutter = cutter;
    this.#random = random;
    this.#choose();
  }

  fromProgram(bytes: Buffer): void {
    this.#partial = Buffer.concat([this.#partial, bytes]);
    for (;;) {
      const typeBytes = this.#isStarted ? TYPE : 0;
      if (this.#partial.length < typeBytes + LENGTH) return;
      const size = typeBytes + this.#partial.readUInt32BE(typeBytes);
      if (this.#partial.length < size) return;
      const message = this.#partial.subarray(0, size);
      this.#partial = this.#partial.subarray(size);
      if (this.#isStarted) this.#forward(message);
      else this.#postgres.write(message);
      this.#isStarted = true;
    }
  }

  fromPostgres(bytes: Buffer): void {
    if (this.#isCut) return;
    if (this.#isLastWord) this.#cut();
    else if (this.#plan === 'postgres bytes' && bytes.length > this.#bytesLeft) {
      this.#program.write(bytes.subarray(0, this.#bytesLeft), () => this.#cut());
    } else {
      this.#bytesLeft -= bytes.length;
      this.#program.write(bytes);
    }
  }

  /** One end is gone, so the other one goes, too. */
  end(): void {
    this.#isCut = true;
    this.#program.destroy();
    this.#postgres.destroy();
  }

  #forward(message: Buffer): void {
    if (this.#isCut || this.#isDeaf) return;
    const query = message[0] === QUERY ? message.toString('latin1', TYPE + LENGTH, message.length - 1) : '';
    if (query.startsWith('BEGIN')) {
      this.#isInTransaction = true;
      this.#choose();
    } else if (!this.#isInTransaction && !this.#isInQuery && (message[0] === PARSE || message[0] === BIND)) {
      this.#isInQuery = true;
      this.#choose();
    }
    const isCommit = query === 'COMMIT' || (this.#isInQuery && message[0] === SYNC);
    const isCopyEnd = message[0] === COPY_DONE;
    if (this.#plan === 'program bytes' && message.length > this.#bytesLeft) {
      this.#isDeaf = true;
      this.#postgres.write(message.subarray(0, this.#bytesLeft), () => this.#cut());
    } else if ((isCopyEnd && this.#plan === 'before copy end') || (isCommit && this.#plan === 'before commit')) {
      this.#cut();
    } else if (isCommit && this.#plan === 'with commit') {
      this.#isDeaf = true;
      this.#postgres.write(message, () => this.#cut());
    } else {
      if (this.#plan === 'program bytes') this.#bytesLeft -= message.length;
      if ((isCopyEnd && this.#plan === 'after copy end') || (isCommit && this.#plan === 'after commit')) this.#isLastWord = true;
      this.#postgres.write(message);
    }
    if (!isCommit) return;
    this.#isInTransaction = false;
    this.#isInQuery = false;
    if (this.#plan !== 'with commit' && this.#plan !== 'after commit') this.#plan = null;
  }

  #choose(): void {
    const { share } = this.#cutter;
    this.#plan = this.#random() < share ? CUTS[Math.floor(this.#random() * CUTS.length)] : null;
    if (this.#plan === 'program bytes') this.#bytesLeft = Math.floor(this.#random() * PROGRAM_BYTES);
    if (this.#plan === 'postgres bytes') this.#bytesLeft = Math.floor(this.#random() * POSTGRES_BYTES);
  }

  /** As a program that crashes, or as a network that resets. */
  #cut(): void {
    if (this.#isCut || this.#plan === null) return;
    this.#isCut = true;
    this.#cutter.counts[this.#plan]++;
    for (const socket of [this.#program, this.#postgres]) {
      if (this.#random() < 0.5) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
}
