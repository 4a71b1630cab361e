// A vitest reporter that counts: writes what became of every test to FORMWORK_TEST_RESULTS. Vitest's own JSON leaves
// out the reason given to `skip`, which is what decides whether a skipped test is accepted.
import { writeFileSync } from 'node:fs';

/** A skipped test is accepted when its reason, or its own or its suite's name, says what this machine lacks. */
const namesCapability = /\bneeds \S|\bthis host lacks: \S/i;

export default class CountingReporter {
  /** Vitest's own name of this hook: all test files have ended, or the run broke. */
  onTestRunEnd(modules, unhandledErrors, reason) {
    const results = { passed: 0, failed: 0, skipped: 0, reasons: [], problems: [] };
    const problem = (text) => {
      results.failed += 1;
      results.problems.push(text);
    };
    for (const module of modules) {
      for (const part of [module, ...module.children.allSuites()]) {
        const name = part === module ? module.relativeModuleId : `${module.relativeModuleId} > ${part.fullName}`;
        for (const error of part.errors()) problem(`${name}: around its tests: ${firstLine(error)}`);
      }
      for (const test of module.children.allTests()) count(test, module.relativeModuleId, results, problem);
    }
    for (const error of unhandledErrors) problem(`an error outside of tests: ${firstLine(error)}`);
    if (reason === 'interrupted') problem('interrupted');
    const file = process.env.FORMWORK_TEST_RESULTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify(results));
  }
}

function count(test, file, results, problem) {
  const result = test.result();
  const name = `${file} > ${test.fullName}`;
  if (result.state === 'passed') {
    results.passed += 1;
  } else if (result.state === 'failed') {
    problem(`${name}: ${result.errors.map(firstLine).join('; ')}`);
  } else if (result.state === 'skipped') {
    const note = result.note ?? '';
    if (ancestorsOf(test).some((ancestor) => ancestor.errors().length > 0)) {
      problem(`${name}: did not run, for what failed around it`);
    } else if (test.options.mode === 'todo' || !namesCapability.test(`${note} ${test.fullName}`)) {
      problem(`${name}: skipped without saying "needs <what this machine lacks>"${note === '' ? '' : ` (${note})`}`);
    } else {
      results.skipped += 1;
      results.reasons.push(note === '' ? name : `${name}: ${note}`);
    }
  } else {
    problem(`${name}: did not run to its end`);
  }
}

function ancestorsOf(task) {
  return task.type === 'module' ? [] : [task.parent, ...ancestorsOf(task.parent)];
}

const firstLine = (error) => String(error.message ?? error).split('\n', 1)[0];
