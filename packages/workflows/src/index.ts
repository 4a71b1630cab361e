export { jobData, jobIdOf } from './queue/job.ts';
export type { JobData } from './queue/job.ts';
export { openQueues } from './queue/queues.ts';
export type { Queues } from './queue/queues.ts';
export type { QueueWorker } from './queue/queue-worker.ts';
export type { ExecutorContext, ExecutorFunction, ExecutorResult, WorkerExecutors } from './executors/executor.ts';
export { createWorkerExecutors } from './executors/worker-executors.ts';
export { generateDeploymentKeyPair } from './runner/deployment-key-pair.ts';
export type { DeploymentKeyPair } from './runner/deployment-key-pair.ts';
export { inputFrames } from './runner/input-frames.ts';
export type { InputFile, InputFrames } from './runner/input-frames.ts';
export { checkOutputs, readOutputs } from './runner/outputs.ts';
export type { WrittenOutputs } from './runner/outputs.ts';
export { createRedactor } from './runner/redactor.ts';
export type { Redactor, RedactorStream } from './runner/redactor.ts';
export type {
  LogChunk,
  RunOptions,
  ScriptAction,
  ScriptLaunch,
  ScriptPhase,
  ScriptResult,
  ScriptTarget,
} from './runner/script-launch.ts';
export { createScriptRunner } from './runner/script-runner.ts';
export type { ScriptRunner, ScriptRunnerOptions } from './runner/script-runner.ts';
export { secretValues } from './runner/secret-paths.ts';
