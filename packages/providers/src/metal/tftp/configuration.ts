import { isIP } from 'node:net';
import { z } from 'zod';

const port = z.int().min(1).max(65535);

/** Configuration of the TFTP server as a process. */
export const tftpConfiguration = z
  .strictObject({
    /**
     * Local addresses to listen on; name them where a machine has several, since answers leave from the address that was
     * asked. Unused with socket activation.
     */
    addresses: z.array(z.string().refine((text) => isIP(text) !== 0, 'no IP address')).default(['0.0.0.0']),
    /** 0: any free one. */
    port: z.int().min(0).max(65535).default(69),
    /** Directory with the files, absolute. */
    root: z.string().startsWith('/'),
    /** Smallest MTU on the way to a client, octets; blocks are made to fit it. */
    mtu: z.int().min(576).max(65535).default(1500),
    maxWindowSize: z.int().min(1).max(65535).default(64),
    maxTransfers: z.int().min(1).default(1024),
    maxTransfersPerAddress: z.int().min(1).default(32),
    /** First wait for an acknowledgement where the client does not name one; doubled with every further one. */
    timeoutMs: z.int().min(50).max(255_000).default(1000),
    maxTimeoutMs: z.int().min(50).max(255_000).default(8000),
    /** Retransmissions without progress until a transfer is given up. */
    maxAttempts: z.int().min(1).max(50).default(6),
    /** Files kept in memory by each process. */
    cacheMib: z.int().min(1).default(64),
    /** All answers leave from the listening port: for clients behind address translation. One process serves them. */
    singlePort: z.boolean().default(false),
    /** Ports for transfers, for a firewall's sake; null: any. */
    ports: z.tuple([port, port]).nullable().default(null),
    /** Processes for transfers; 0 serves them in the main one. */
    processes: z.int().min(0).max(64).default(2),
    /** How long a process looks for the next packet before it sleeps, where a core is free for it. */
    busyPollUs: z.int().min(0).max(1000).default(100),
    /** Scheduling priority, so that whole windows leave at once; needs the right to raise it. */
    niceness: z.int().min(-20).max(19).default(-10),
    /** Who to become once the sockets are bound; null: stay who we are. */
    becomes: z
      .strictObject({ uid: z.int().min(1), gid: z.int().min(1) })
      .nullable()
      .default(null),
  })
  .refine(({ ports }) => ports === null || ports[0] <= ports[1], {
    path: ['ports'],
    message: 'the first is the lower',
  });

export type TftpConfiguration = z.infer<typeof tftpConfiguration>;
