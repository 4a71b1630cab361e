import type { PowerState } from '../driver.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';
import type { WebhookConfiguration, WebhookReading } from './webhook-configuration.ts';

/** What the answer says of the power; a word that means neither on nor off is `unknown`. */
export function readStatus(body: string, { read, on, off }: WebhookConfiguration['status']): Parsed<PowerState> {
  const word = wordOf(body, read);
  if (!word.ok) return word;
  const is = (words: readonly string[]): boolean => words.some((one) => one.toLowerCase() === word.value.toLowerCase());
  return parsed(is(on) ? 'on' : is(off) ? 'off' : 'unknown');
}

function wordOf(body: string, reading: WebhookReading): Parsed<string> {
  if ('pattern' in reading) {
    const found = new RegExp(reading.pattern, 'm').exec(body);
    return found === null ? refused('the pattern does not match') : parsed(found[1] ?? found[0]);
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return refused('the answer is no JSON');
  }
  for (const part of reading.pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
      return refused(`nothing is at ${reading.pointer}`);
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  if (typeof value === 'string') return parsed(value.trim());
  return typeof value === 'number' || typeof value === 'boolean'
    ? parsed(String(value))
    : refused(`what is at ${reading.pointer} is no word, number or truth value`);
}
