/**
 * The image builder as a process: `node main.js debian-12 --output DIRECTORY [--kernel cloud] [--package NAME]...`, started by
 * `formwork image build`. stderr: progress. stdout: one line of JSON, `{"built":...,"manifestFile":...,"manifest":{...}}` or
 * `{"error":{"code","message","problems"}}`. Exit status: 0 there, 1 not.
 */
import { FormworkError } from '@formwork/core';
import { buildImage } from './build-image.ts';
import { readImageOptions } from './image-options.ts';

const stopped = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopped.abort());
const answer = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

try {
  const options = readImageOptions(process.argv.slice(2));
  const onProgress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  answer(await buildImage(options, onProgress, stopped.signal));
} catch (error) {
  const known = error instanceof FormworkError;
  const message = error instanceof Error ? error.message : String(error);
  const problems = known ? (error.details['problems'] ?? []) : [];
  answer({ error: { code: known ? error.code : 'image-build-failed', message, problems } });
  process.exitCode = 1;
}
