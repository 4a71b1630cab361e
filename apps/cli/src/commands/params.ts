import type { ParamsResponse } from '@formwork/api';
import { FormworkError } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { renderTable } from '../output/table.ts';
import { openSession, type Session } from '../session.ts';

const optionsSchema = z.object({ explain: z.boolean().default(false), node: z.string().optional() });

export function paramsCommand(io: Io): Command {
  return apiCommand('params', 'show the parameters of a deployment or a node, and where each value came from')
    .argument('<deployment-or-node>')
    .option('--node <name>', 'a node of the deployment')
    .option('--explain', 'every layer that sets a value, and who reads it')
    .action(async (name: string, given: unknown) => {
      const { explain, node } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const params = await readParams(session, name, node, explain);
      session.print(params, explain ? renderExplained(params) : renderParams(params));
    });
}

/** A name that is no deployment's is looked up among the nodes. */
async function readParams(session: Session, name: string, node: string | undefined, explain: boolean) {
  const ask = (deployment: string, ofNode: string | undefined) =>
    session.client.call('getParams', {
      params: { name: deployment },
      query: { explain, ...(ofNode === undefined ? {} : { node: ofNode }) },
    });
  try {
    return await ask(name, node);
  } catch (error) {
    if (!(error instanceof FormworkError) || error.kind !== 'not-found' || node !== undefined) throw error;
    const found = await session.client.call('getNode', { params: { node: name } });
    if (found.deployment === null) throw error;
    return ask(found.deployment, found.name);
  }
}

const place = (source: { readonly layer: string; readonly name: string | null }): string =>
  source.name === null ? source.layer : `${source.layer} ${source.name}`;

const renderParams = ({ params }: ParamsResponse): string =>
  renderTable(
    [
      { title: 'NAME', value: (param) => param.name },
      { title: 'VALUE', value: (param) => JSON.stringify(param.value) },
      { title: 'FROM', value: (param) => place(param.source) },
    ],
    params,
  );

function renderExplained({ params }: ParamsResponse): string {
  return params
    .map((param) => {
      const layers = param.layers.map((layer) => {
        const wins = layer.layer === param.source.layer && layer.name === param.source.name;
        return `  ${wins ? '*' : ' '} ${place(layer)}: ${JSON.stringify(layer.value)}`;
      });
      const readers = param.readBy.length === 0 ? 'nothing reads it' : `read by ${param.readBy.join(', ')}`;
      return `${[`${param.name} = ${JSON.stringify(param.value)}`, ...layers, `    ${readers}`].join('\n')}\n`;
    })
    .join('');
}
