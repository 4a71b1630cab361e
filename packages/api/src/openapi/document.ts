import type { RouteContract } from '../contract.ts';
import { routes } from '../routes.ts';
import { createComponents } from './components.ts';
import { describeOperation } from './operation.ts';

/** The OpenAPI 3.1 description of the whole route table; the same table gives the same document. */
export function openApiDocument(): Record<string, unknown> {
  const components = createComponents();
  const paths: Record<string, Record<string, unknown>> = {};
  const table: Readonly<Record<string, RouteContract>> = routes;
  for (const [id, contract] of Object.entries(table)) {
    const path = contract.path.replace(/:([A-Za-z]+)/g, '{$1}');
    const item = (paths[path] ??= {});
    item[contract.method.toLowerCase()] = describeOperation(id, contract, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Formwork',
      version: '1',
      description: 'Orchestrates deployments over this machine, clouds and metal. Errors are RFC 9457 problems.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: components.schemas(),
    },
  };
}
