/**
 * A lease in the journal:
 *
 *   0 0xd5   1 length of the payload (2)   3 CRC-32 of the payload (4)   7 payload
 *   payload: sequence (6)  state (1)  address (4)  until, ms (6)  length (1) client  length (1) hostname
 */
import { crc32 } from 'node:zlib';
import type { Lease, LeaseState } from './lease.ts';

const mark = 0xd5;
const headerBytes = 7;
const fixedBytes = 17;
const mostPayload = fixedBytes + 2 + 255 + 255;
const states: readonly LeaseState[] = ['active', 'released', 'quarantined'];

/** The most bytes one record takes. */
export const mostRecordBytes = headerBytes + mostPayload;

/** Writes the record at `at`, where `mostRecordBytes` are free; answers where it ends. */
export function writeRecord(lease: Lease, bytes: Buffer, at: number): number {
  const start = at + headerBytes;
  bytes.writeUIntBE(lease.sequence, start, 6);
  bytes[start + 6] = states.indexOf(lease.state);
  bytes.writeUInt32BE(lease.address, start + 7);
  bytes.writeUIntBE(Math.max(0, Math.floor(lease.untilMs)), start + 11, 6);
  let end = writeText(lease.client, bytes, start + fixedBytes);
  end = writeText(lease.hostname, bytes, end);
  bytes[at] = mark;
  bytes.writeUInt16BE(end - start, at + 1);
  bytes.writeUInt32BE(crc32(bytes.subarray(start, end)), at + 3);
  return end;
}

function writeText(text: string, bytes: Buffer, at: number): number {
  const length = bytes.write(text, at + 1, 255, 'latin1');
  bytes[at] = length;
  return at + 1 + length;
}

interface ReadRecord {
  readonly lease: Lease;
  readonly end: number;
}

/** The record at `at`; null where there is no whole one. */
function readRecord(bytes: Buffer, at: number): ReadRecord | null {
  if (at + headerBytes > bytes.length || bytes[at] !== mark) return null;
  const length = bytes.readUInt16BE(at + 1);
  const start = at + headerBytes;
  const end = start + length;
  if (length < fixedBytes + 2 || length > mostPayload || end > bytes.length) return null;
  if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32BE(at + 3)) return null;
  const state = states[bytes.readUInt8(start + 6)];
  const client = readText(bytes, start + fixedBytes, end);
  const hostname = client === null ? null : readText(bytes, client.end, end);
  if (state === undefined || client === null || hostname?.end !== end) return null;
  const lease: Lease = {
    sequence: bytes.readUIntBE(start, 6),
    state,
    address: bytes.readUInt32BE(start + 7),
    untilMs: bytes.readUIntBE(start + 11, 6),
    client: client.text,
    hostname: hostname.text,
  };
  return { lease, end };
}

function readText(bytes: Buffer, at: number, limit: number): { readonly text: string; readonly end: number } | null {
  const length = bytes[at];
  if (length === undefined || at + 1 + length > limit) return null;
  return { text: bytes.toString('latin1', at + 1, at + 1 + length), end: at + 1 + length };
}

export interface Replay {
  readonly leases: readonly Lease[];
  /** Bytes that were no records but lie before some that are: damage, not the torn end of a power cut. */
  readonly damagedBytes: number;
  /** Bytes at the end that are neither records nor zeros: what was being written when the power went. */
  readonly tornBytes: number;
}

/** All whole records. What is broken is skipped: to honour a lease too many is better than one too few. */
export function readRecords(bytes: Buffer, from: number): Replay {
  const leases: Lease[] = [];
  let damagedBytes = 0;
  let broken = 0;
  for (let at = from; at < bytes.length; ) {
    const record = readRecord(bytes, at);
    if (record === null) {
      const next = bytes.indexOf(mark, at + 1);
      const end = next === -1 ? bytes.length : next;
      broken += countNonZero(bytes, at, end);
      at = end;
    } else {
      leases.push(record.lease);
      damagedBytes += broken;
      broken = 0;
      at = record.end;
    }
  }
  return { leases, damagedBytes, tornBytes: broken };
}

function countNonZero(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) count += 1;
  return count;
}
