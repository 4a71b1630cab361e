import { Buffer } from 'node:buffer';
import { checkOutputs, readOutputs } from './outputs.ts';
import type { Redactor } from './redactor.ts';
import type { ScriptLaunch, ScriptResult } from './script-launch.ts';
import type { Said } from './conversation.ts';

/** From the supervisor's last words (`end <kind> <step> <exit code> <applied> <retry ms> <boot>`) to the engine's result. */
export function scriptResult(
  launch: ScriptLaunch,
  said: Said,
  last: readonly string[],
  deps: { readonly redactor: Redactor; readonly logTail: string },
): ScriptResult {
  const [, kind = '', step = '-', code = '0', applied = '0', retry = '0', bootId = ''] = last;
  const why = said.why === null || said.why === '' ? null : deps.redactor.redact(said.why);
  const lines = why ?? lastLines(deps.logTail === '' ? deps.redactor.redact(fromLineStart(said.tail)) : deps.logTail);
  const exitCode = Number(code);
  switch (kind) {
    case 'done':
      return outputsOf(launch, said, applied === '1');
    case 'transient':
      return { kind, message: lines === '' ? `${step} asked for another try` : lines };
    case 'not-yet':
      return { kind, retryAfterMs: Number(retry), why: why ?? `${step} is not there yet` };
    case 'reboot':
      return { kind, bootId };
    case 'failed':
      return { kind, step, exitCode, message: lines === '' ? `${step} ended with exit code ${exitCode}` : lines };
    case 'timeout':
      return {
        kind,
        message: `${step === '-' ? 'it' : step} did not end within ${launch.timeoutMs} ms and was killed`,
      };
    case 'lost':
      return { kind, message: why ?? 'the attempt was lost on the node' };
    case 'fenced':
      return { kind, message: why ?? 'a later claim has taken over' };
    case 'aborted':
      return { kind };
    default:
      return {
        kind: 'failed',
        step: 'supervisor',
        exitCode,
        message: `the supervisor said "${kind}", which nobody knows`,
      };
  }
}

function outputsOf(launch: ScriptLaunch, said: Said, applied: boolean): ScriptResult {
  const leaves: Record<string, string> = {};
  for (const [name, text] of said.files) if (name.startsWith('out/')) leaves[name.slice(4)] = text;
  const read = readOutputs({ outJson: said.files.get('out.json') ?? null, leaves });
  const checked = read.ok && launch.outputs !== undefined ? checkOutputs(launch.outputs, read.value) : read;
  if (checked.ok) return { kind: 'done', outputs: checked.value, applied };
  const message = checked.problems.map((one) => one.message).join('; ');
  return { kind: 'failed', step: 'outputs', exitCode: 0, message };
}

/** A tail is cut anywhere, also within a secret, whose rest nothing would mask: it counts from its first whole line. */
function fromLineStart(latin1: string): string {
  const text = Buffer.from(latin1, 'latin1').toString();
  if (text.length < 4000) return text;
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end + 1);
}

/** What a person wants to see first: the last lines the script itself wrote. */
function lastLines(tail: string): string {
  return tail
    .replaceAll('\0', '\uFFFD')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('[formwork] '))
    .slice(-8)
    .join('\n')
    .slice(-1500);
}
