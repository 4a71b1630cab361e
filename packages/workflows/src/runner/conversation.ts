import type { Buffer } from 'node:buffer';
import type { ClientChannel } from 'ssh2';
import { createFrameParser } from './frame-parser.ts';
import type { Frame } from './frame-parser.ts';
import type { Supervisor } from './supervisor-source.ts';

/** What the supervisor's last frame and those before it said. */
export interface Said {
  /** The words of `end`, `gone` or `alive`; null when the channel closed before. */
  readonly last: readonly string[] | null;
  /** Whether the attempt is known to have been started, now or before. */
  readonly started: boolean;
  /** Output files by name: `out.json`, `out/<name>`. */
  readonly files: ReadonlyMap<string, string>;
  readonly why: string | null;
  /** Last bytes of the log, not masked yet. */
  readonly tail: string;
  /** Of the remote command; null when the connection broke. */
  readonly exitCode: number | null;
  /** Last bytes of what it wrote to stderr: sudo's, tar's and the shell's complaints. */
  readonly stderr: string;
}

const lastWords = new Set(['end', 'gone', 'alive']);

/**
 * Speaks with the supervisor on one channel until its last frame or the channel's end: sends it its own text where the
 * node has none yet, and the archive when it asks for inputs. Rejects only with the signal's reason.
 */
export function converse(
  channel: ClientChannel,
  deps: {
    readonly supervisor: Supervisor;
    /** Built only when asked for; with the role's folder when `bundle` is. */
    readonly archive: (withBundle: boolean) => Buffer;
    readonly onLog: (offset: number, bytes: Buffer) => void;
    readonly signal: AbortSignal;
  },
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const files = new Map<string, string>();
    let started = false;
    let why: string | null = null;
    let tail = '';
    let exitCode: number | null = null;
    let stderr = '';
    let over = false;

    const finish = (last: readonly string[] | null): void => {
      if (over) return;
      over = true;
      deps.signal.removeEventListener('abort', leave);
      resolve({ last, started, files, why, tail, exitCode, stderr });
    };
    const leave = (): void => {
      if (over) return;
      over = true;
      const reason: unknown = deps.signal.reason;
      reject(reason instanceof Error ? reason : new Error('aborted'));
    };
    const hear = (frame: Frame): void => {
      const [word = '', first = ''] = frame.words;
      if (over) return;
      if (word === 'log') deps.onLog(Number(first), frame.payload);
      else if (word === 'need' && first === 'supervisor') channel.write(deps.supervisor.text);
      else if (word === 'need') channel.end(deps.archive(first === 'bundle'));
      else if (word === 'started' || word === 'attached') started = true;
      else if (word === 'file') files.set(first, frame.payload.toString());
      else if (word === 'why') why = frame.payload.toString().trim();
      else if (word === 'tail') tail = frame.payload.toString('latin1');
      else if (lastWords.has(word)) finish(frame.words);
    };

    channel.on('data', createFrameParser(hear));
    channel.stderr.on('data', (bytes: Buffer) => {
      stderr = (stderr + bytes.toString()).slice(-2000);
    });
    channel.on('exit', (code: number | null) => {
      exitCode = code;
    });
    channel.on('error', () => finish(null));
    channel.on('close', () => finish(null));
    if (deps.signal.aborted) leave();
    else deps.signal.addEventListener('abort', leave, { once: true });
  });
}
