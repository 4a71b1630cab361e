import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { tryLock, withLock } from './lock.ts';

const signal = (): AbortSignal => new AbortController().signal;

describe('locks', () => {
  it('are held once', async () => {
    const name = randomUUID();
    const held = await tryLock(name);
    await expect(tryLock(name)).resolves.toBeNull();
    await held?.release();
    const again = await tryLock(name);
    expect(again).not.toBeNull();
    await again?.release();
  });

  it('let one in at a time, and out again after an error', async () => {
    const name = randomUUID();
    let inside = 0;
    let most = 0;
    const visit = (fails: boolean) =>
      withLock(name, signal(), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        if (fails) throw new Error('on purpose');
      }).catch(() => undefined);
    await Promise.all([visit(false), visit(true), visit(false)]);
    expect(most).toBe(1);
  });

  it('are waited for until the signal fires', async () => {
    const name = randomUUID();
    const held = await tryLock(name);
    const waiting = withLock(name, AbortSignal.timeout(50), () => Promise.resolve());
    await expect(waiting).rejects.toThrow();
    await held?.release();
  });
});
