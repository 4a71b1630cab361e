// Runs one suite in a vitest process of its own and reads back what became of its tests.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../run-command.mjs';
import { fileArguments } from './suites.mjs';

const noResults = { passed: 0, failed: 0, skipped: 0, reasons: [], problems: [] };

/**
 * @typedef {object} SuiteResult
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} ms
 * @property {readonly string[]} reasons Skipped tests and what they need.
 * @property {readonly string[]} problems A line for each failure.
 */

/**
 * @param {import('./suites.mjs').Suite} suite
 * @param {{ root: string, directory: string, runId: string, filters: readonly string[], onLine: (line: string) => void }} options
 *   `directory`: this run's own, also the tests' place for temporary files.
 * @returns {Promise<SuiteResult>}
 */
export async function runSuite(suite, { root, directory, runId, filters, onLine }) {
  const started = performance.now();
  const files = fileArguments(suite, { root, filters });
  if (files === null) return { name: suite.name, ms: 0, ...noResults };
  const resultsFile = path.join(directory, `results-${suite.name}.json`);
  const args = [
    path.join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...['--project', suite.project, '--no-color', '--passWithNoTests', `--maxWorkers=${String(suite.workers)}`],
    ...['--reporter=default', `--reporter=${path.join(root, 'scripts/test/reporter.mjs')}`],
    ...files,
  ];
  const env = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    TMPDIR: directory,
    FORMWORK_TEST_RUN: runId,
    FORMWORK_TEST_RESULTS: resultsFile,
  };
  const end = await runCommand(process.execPath, args, { cwd: root, env, timeoutMs: suite.limitMs, onLine });
  const result = { name: suite.name, ms: performance.now() - started, ...readResults(resultsFile) };
  const problem = (text) => ({ ...result, failed: result.failed + 1, problems: [...result.problems, text] });
  if (end.timedOut) return problem(`the suite was ended: ${end.why}`);
  if (end.code !== 0 && result.failed === 0) return problem(`vitest failed: ${end.why}`);
  if (filters.length === 0 && result.passed + result.failed + result.skipped === 0) return problem('no test was found');
  return result;
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Vitest did not come to its end; its exit code says so.
    return noResults;
  }
}
