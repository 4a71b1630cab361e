export { checkValue, createCheckValue } from './schema/check-value.ts';
export type { CheckValue } from './schema/check-value.ts';
export { evaluateValue } from './template/evaluate-value.ts';
export { renderFile } from './template/render-file.ts';
export { templateScope } from './template/template-scope.ts';
export type { TemplateInputs } from './template/template-scope.ts';
export { normalizeSpecification } from './specification/normalize-specification.ts';
export { locateProblems, parseSpecification } from './specification/parse-specification.ts';
