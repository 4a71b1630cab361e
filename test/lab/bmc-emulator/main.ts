// Starts the BMCs of a JSON file (configuration.ts) and prints one line of JSON when all of them answer.
//   node --conditions=formwork-source --import tsx test/lab/bmc-emulator/main.ts lab.json
// Ends on SIGTERM or SIGINT, and its machines with it. Faults: POST {"silent":true} to <redfish>/emulator/faults.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Chassis } from './chassis/chassis.ts';
import { labIdentity } from './chassis/identity.ts';
import { memoryChassis } from './chassis/memory-chassis.ts';
import { qemuChassis } from './chassis/qemu-chassis.ts';
import { labSchema, type LabBmc } from './configuration.ts';
import { startBmc, type EmulatedBmc } from './emulated-bmc.ts';

async function chassisOf({ index, chassis }: LabBmc): Promise<Chassis> {
  const identity = labIdentity(index);
  if (chassis.kind === 'memory') return memoryChassis(identity);
  return await qemuChassis({ ...chassis, identity, disk: chassis.diskMib === 0 ? null : 'disk.raw' });
}

const file = process.argv[2];
if (file === undefined) {
  console.error('usage: main.ts LAB.json');
  process.exit(2);
}
const lab = labSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
if (!lab.success) {
  console.error(z.prettifyError(lab.error));
  process.exit(2);
}
const { host, user, password, bmcs } = lab.data;
const running: EmulatedBmc[] = [];
for (const bmc of bmcs) running.push(await startBmc({ ...bmc, host, user, password, chassis: await chassisOf(bmc) }));
const end = (): void => {
  void Promise.allSettled(running.map((bmc) => bmc.close())).then(() => process.exit(0));
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
console.log(
  JSON.stringify({
    ready: running.map(({ ipmi, redfish, machine }) => ({
      ...machine.chassis.identity,
      ipmi: `${host}:${ipmi.port}`,
      redfish: redfish.url,
    })),
  }),
);
